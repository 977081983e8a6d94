"""Idempotency keys in PostgreSQL's own terms: who waits for whom, for how long, and when a key is forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from lookout import until_waiting
from orders_world import adding, create, fresh_merchant, opened, pho
from sale_adapters.postgres import Database, PostgresAnswers, PostgresLeftovers, PostgresOrders, answer_rows
from sale_domain.ids import MerchantId, OrderId, UserId, merchant_bucket
from sale_domain.port_errors import KeyInUse
from sale_domain.ports.answers import AlreadyAnswered, AnswerKey, Once, StoredAnswer
from sale_domain.ports.leftovers import Leftover
from sale_domain.ports.orders import Decision
from wire_tap import WireTap

Other = psycopg.AsyncConnection
GIVEN = StoredAnswer(status=201, headers=(), body=b"given")


def once(merchant_id: MerchantId) -> Once:
    key = AnswerKey(merchant_id=merchant_id, user_id=UserId("user-1"), method="POST", path="/orders", key="key-1")
    return Once(key=key, fingerprint=b"body", answer=lambda _: GIVEN)


async def claimed(other: Other, request: Once) -> None:
    """Claim the key in a transaction that goes on."""
    values = answer_rows.claim_values(request.key, fingerprint=request.fingerprint, answer=GIVEN)
    columns = sql.SQL(", ").join(map(sql.Identifier, values))
    places = sql.SQL(", ").join(map(sql.Placeholder, values))
    await other.execute("BEGIN")
    await other.execute(sql.SQL("INSERT INTO idempotency_keys ({}) VALUES ({})").format(columns, places), values)


async def test_a_request_whose_first_is_still_running_is_told_so_after_the_lock_timeout(
    orders: PostgresOrders, database: Database, other: Other
) -> None:
    order = await create(orders)
    request = once(order.merchant_id)
    await claimed(other, request)

    with pytest.raises(KeyInUse):
        await orders.create(Decision(change=opened(order.merchant_id)), once=request)
    with pytest.raises(KeyInUse):
        await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id, once=request)
    with pytest.raises(KeyInUse):
        await PostgresAnswers(database).keep(request.key, fingerprint=b"body", answer=GIVEN)
    await other.execute("ROLLBACK")


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
async def test_a_waiting_request_gets_the_answer_or_has_the_effect_itself(
    tables_url: str, other: Other, end: str
) -> None:
    async with (
        Database(tables_url) as patient,
        await psycopg.AsyncConnection.connect(tables_url, autocommit=True) as third,
    ):
        orders = PostgresOrders(patient)
        order = await create(orders)
        request = once(order.merchant_id)
        await claimed(other, request)
        second = asyncio.create_task(
            orders.change(order.id, adding(pho()), merchant_id=order.merchant_id, once=request)
        )
        await until_waiting(third, sessions=1)
        await other.execute(end.encode())

        if end == "COMMIT":
            with pytest.raises(AlreadyAnswered) as told:
                await second
            assert told.value.answer == GIVEN
        else:
            assert (await second).view.order.version == 2


async def test_a_key_is_forgotten_after_24_hours(orders: PostgresOrders, database: Database, other: Other) -> None:
    merchant = fresh_merchant()
    request, answers = once(merchant), PostgresAnswers(database)
    await orders.create(Decision(change=opened(merchant)), once=request)

    async def age(hours: str) -> None:
        await other.execute(
            "UPDATE idempotency_keys SET created_at = now() - %s::interval WHERE merchant_id = %s", (hours, merchant)
        )

    await age("23 hours 59 minutes")
    assert await answers.find(request.key, fingerprint=b"body") == GIVEN
    with pytest.raises(AlreadyAnswered):
        await orders.create(Decision(change=opened(merchant)), once=request)
    await age("24 hours 1 second")
    assert await answers.find(request.key, fingerprint=b"another body") is None
    assert await orders.create(Decision(change=opened(merchant)), once=request)
    assert await answers.find(request.key, fingerprint=b"body") == GIVEN


async def test_a_commit_whose_answer_was_lost_is_safe_to_repeat(tables_url: str) -> None:
    async with WireTap(tables_url) as wire, Database(wire.url, connections=1) as database:
        orders = PostgresOrders(database)
        order = await create(orders)
        request = once(order.merchant_id)

        def decide_and_cut(order: object) -> Decision:
            # From now on PostgreSQL hears us, and its next answer ends the connection unread.
            wire.cut_at_next_answer = True
            return adding(pho())(order)  # type: ignore[arg-type]  # it is the order

        with pytest.raises(Exception, match=r"database is not available"):
            await orders.change(order.id, decide_and_cut, merchant_id=order.merchant_id, once=request)
        with pytest.raises(AlreadyAnswered):
            await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id, once=request)

        assert (await orders.find(OrderId(order.id), merchant_id=order.merchant_id)).order.version == 2


async def test_an_answer_that_is_given_anew_while_the_clean_up_waits_for_it_stays(
    tables_url: str, other: Other
) -> None:
    request = once(fresh_merchant())
    async with (
        Database(tables_url) as patient,
        await psycopg.AsyncConnection.connect(tables_url, autocommit=True) as third,
    ):
        await PostgresAnswers(patient).keep(request.key, fingerprint=b"body", answer=GIVEN)
        change = b"UPDATE idempotency_keys SET created_at = now() + %s WHERE merchant_id = %s"
        await other.execute(change, (timedelta(days=-2), request.key.merchant_id))
        await other.execute("BEGIN")
        await other.execute(change, (timedelta(0), request.key.merchant_id))
        cleaning = asyncio.create_task(
            PostgresLeftovers(patient).drop(
                Leftover.ANSWERS,
                bucket=merchant_bucket(request.key.merchant_id),
                before=datetime.now(UTC) - timedelta(days=1),
                most=10,
            )
        )
        await until_waiting(third, sessions=1)
        await other.execute("COMMIT")

        assert await cleaning == 0
