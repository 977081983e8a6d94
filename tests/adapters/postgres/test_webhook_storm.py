"""Webhooks in a storm on a real PostgreSQL: equal ones at once, mixed ones in every order, and beside the sweep."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import attrs
import psycopg
import pytest

from orders_world import MORNING, checking_out, fresh_merchant, opened, pho
from parts import parts_on
from sale_adapters.postgres import (
    Database,
    Patience,
)
from sale_domain.ids import BUCKETS
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.orders import Order
from sale_domain.payments import PaymentOutcome
from sale_domain.ports.orders import Decision
from sale_domain.sale import Sale
from sale_domain.use_cases.concurrently import concurrently
from sale_domain.use_cases.settlement import Delivery

TOTAL = Decimal(130_000)
AT_ONCE = 12
CHANCE = random.Random(20260105)  # noqa: S311 - a seed makes the same storms again
LONG_AGO = MORNING - timedelta(days=1)


@attrs.frozen
class Told:
    """What mq-pay tells, whatever the order."""

    type: FactType
    amount: Decimal | int
    attempt: str | None = None
    transaction: str | None = None

    def of(self, order: Order) -> PaymentFact:
        return PaymentFact(
            type=self.type,
            source=Source(type=SourceType.SALE_ORDER, id=order.id),
            amount=Decimal(self.amount),
            attempt_uid=self.attempt,
            transaction_uid=self.transaction,
            at=MORNING,
        )


# Each money event alone pays for all of the order: in whatever sequence they come, one of them completes it.
ALL_AT_ONCE = (
    Told(FactType.ATTEMPT_SUCCESS, TOTAL, "a1", "t1"),
    Told(FactType.ATTEMPT_SUCCESS, TOTAL, "a1", "t1"),
    Told(FactType.TRANSACTION_SETTLED, TOTAL, None, "t1"),
    Told(FactType.ATTEMPT_FAILED, TOTAL, "a2", "t1"),
    Told(FactType.ATTEMPT_EXPIRED, 5, "a3"),
    Told(FactType.TRANSACTION_CANCELLED, 0, None, "t2"),
)
# Two transactions, an attempt whose link is told apart from its success, and one that is part of what t1 settled.
IN_PARTS = (
    Told(FactType.ATTEMPT_SUCCESS, 40_000, "a1"),
    Told(FactType.ATTEMPT_FAILED, 40_000, "a1", "t1"),
    Told(FactType.TRANSACTION_SETTLED, 60_000, None, "t1"),
    Told(FactType.ATTEMPT_SUCCESS, 70_000, "a2", "t2"),
    Told(FactType.TRANSACTION_SETTLED, 70_000, None, "t2"),
    Told(FactType.ATTEMPT_SUCCESS, 5_000, "a3"),
)


@pytest.fixture
async def sale(tables_url: str) -> AsyncGenerator[Sale]:
    """Yield the real use cases on the real store; no sister is asked."""
    # What a crowd waits for is not the matter here.
    async with Database(tables_url, patience=Patience(connection_seconds=30.0)) as database:
        yield Sale(parts_on(database))


async def due(sale: Sale) -> Order:
    """Return an order of two phở bò that waits for its money."""
    order = (await sale.parts.orders.create(Decision(change=opened(fresh_merchant(), pho())), once=None)).order
    committed = await sale.parts.orders.change(order.id, checking_out(), merchant_id=None)
    return committed.view.order


async def deliver(sale: Sale, fact: PaymentFact) -> PaymentOutcome:
    return await sale.receive_payment(Delivery(body=fact.source.id.encode(), event_type=fact.type.value), fact)


async def as_kept(sale: Sale, order: Order) -> Order:
    return (await sale.parts.orders.find(order.id, merchant_id=order.merchant_id)).order


async def events(other: psycopg.AsyncConnection, order: Order) -> list[tuple[int, int]]:
    """Return the outbox rows of an order: number and transition."""
    query = "SELECT seq, transition FROM outbox WHERE order_id = %s ORDER BY seq"
    return [(seq, transition) for seq, transition in await (await other.execute(query, (order.id,))).fetchall()]


async def test_a_hundred_equal_deliveries_at_once_have_one_effect(sale: Sale, other: psycopg.AsyncConnection) -> None:
    order = await due(sale)
    fact = ALL_AT_ONCE[0].of(order)

    outcomes = await concurrently(deliver(sale, fact) for _ in range(100))

    kept = await as_kept(sale, order)
    assert sorted(outcome.value for outcome in outcomes) == [*["already-applied"] * 99, "applied"]
    assert (kept.status.value, kept.paid.amount, kept.unallocated.amount) == ("COMPLETED", TOTAL, Decimal(0))
    assert (kept.version, kept.transition, len(kept.ledger.facts)) == (order.version + 1, 1, 1)
    assert await events(other, order) == [(1, 1)]
    assert len(await sale.parts.inbox.webhooks_naming(order.id, within=timedelta(days=3650), limit=200)) == 100


@pytest.mark.timeout(120)
async def test_events_that_each_pay_all_end_the_same_in_every_sequence(
    sale: Sale, other: psycopg.AsyncConnection
) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def run(sequence: Sequence[Told]) -> Order:
        async with turns:
            order = await due(sale)
            for told in sequence:
                await deliver(sale, told.of(order))
            return await as_kept(sale, order)

    # Two of the six are equal, so half of the 720 sequences are the other half again.
    ends = await concurrently(run(sequence) for sequence in dict.fromkeys(permutations(ALL_AT_ONCE)))

    assert len(ends) == 360
    assert {(o.status.value, o.received.amount, o.paid.amount, o.transition, o.events) for o in ends} == {
        ("COMPLETED", TOTAL, TOTAL, 1, 1)
    }
    assert {len(order.ledger.facts) for order in ends} == {5}
    counts = "SELECT count(*), count(DISTINCT order_id) FROM outbox WHERE order_id = ANY(%s)"
    cursor = await other.execute(counts, ([order.id for order in ends],))
    assert await cursor.fetchone() == (360, 360)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("at_once", [False, True], ids=["one after another", "all at once"])
async def test_mixed_events_end_in_the_same_amounts_in_every_sequence(
    sale: Sale, other: psycopg.AsyncConnection, *, at_once: bool
) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def run(sequence: Sequence[Told]) -> Order:
        async with turns:
            order = await due(sale)
            if at_once:
                await concurrently(deliver(sale, told.of(order)) for told in (*sequence, *sequence))
            else:
                for told in sequence:
                    await deliver(sale, told.of(order))
            return await as_kept(sale, order)

    some = CHANCE.sample(list(permutations(IN_PARTS)), 60)
    ends = await concurrently(run(sequence) for sequence in some)

    # max(60 000 settled, 40 000 attempted) of t1, 70 000 of t2; a3 is a part of what the attempts of t1 lack.
    assert {(o.status.value, o.received.amount, o.paid.amount) for o in ends} == {("COMPLETED", TOTAL, TOTAL)}
    for order in ends:
        assert order.version == 2 + len(IN_PARTS)
        assert await events(other, order) == [(n, n) for n in range(1, order.transition + 1)]
        assert order.transition in (1, 2)


@pytest.mark.timeout(120)
async def test_money_that_meets_its_orders_birth_and_two_sweeps_is_counted_once(
    sale: Sale, other: psycopg.AsyncConnection
) -> None:
    met = set[PaymentOutcome]()

    async def later(seconds: float) -> None:
        await asyncio.sleep(CHANCE.uniform(0, seconds))

    async def storm() -> Order:
        change = opened(fresh_merchant(), pho())
        fact = Told(FactType.ATTEMPT_SUCCESS, TOTAL, "a1", "t1").of(change.order)

        async def born() -> None:
            await later(0.02)
            await sale.parts.orders.create(Decision(change=change), once=None)
            await sale.parts.orders.change(change.order.id, checking_out(), merchant_id=None)

        async def told() -> None:
            await later(0.03)
            met.add(await deliver(sale, fact))

        async def swept() -> None:
            await later(0.04)
            await sale.sweep_parked(range(BUCKETS), since=LONG_AGO)

        await asyncio.gather(born(), *(told() for _ in range(4)), swept(), swept())
        return change.order

    orders = [order for _ in range(12) for order in await concurrently(storm() for _ in range(4))]
    await concurrently(sale.sweep_parked(range(BUCKETS), since=LONG_AGO) for _ in range(3))

    for order in orders:
        kept = await as_kept(sale, order)
        assert (kept.status.value, len(kept.ledger.facts), kept.transition) == ("COMPLETED", 1, 1)
        assert await events(other, order) == [(1, 1)]
    cursor = await other.execute(
        "SELECT count(*) FROM parked_payments WHERE source_id = ANY(%s)", ([order.id for order in orders],)
    )
    assert await cursor.fetchone() == (0,)
    # Else the deliveries never met the birth, and nothing was proven.
    assert {PaymentOutcome.PARKED, PaymentOutcome.ALREADY_APPLIED} <= met
