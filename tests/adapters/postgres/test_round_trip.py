"""What is written is read as it was, to the last field, place and microsecond."""

from datetime import timedelta
from decimal import Decimal

import attrs
import psycopg
import pytest

from orders_world import (
    MORNING,
    attempt,
    breakfast,
    cancelling,
    checking_out,
    corkage,
    create,
    delivered,
    fresh_merchant,
    opened,
    paying,
    pho,
    sending,
    tapping,
)
from sale_adapters.postgres import PostgresInbox, PostgresOrders
from sale_adapters.postgres.connection import Database
from sale_adapters.wire import json
from sale_adapters.wire.forms import to_json
from sale_domain import cooking
from sale_domain.cooking import Portion
from sale_domain.documents import JsonObject
from sale_domain.ids import NO_BUCKET, StationId, bucket_of
from sale_domain.kitchen import Kitchen, KitchenItem, KitchenTicket
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.lines import Line
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.ports.orders import Decision

Other = psycopg.AsyncConnection
COOK, VOID = KitchenItemAction.COOK, KitchenItemAction.VOID


async def test_an_order_with_every_field_filled_is_read_as_it_was_written(orders: PostgresOrders) -> None:
    merchant = fresh_merchant()
    change = opened(merchant, pho(note="no onions"), breakfast(), corkage(), customer_id="customer-9")
    order = (await orders.create(Decision(change=change), once=None)).order
    sent = await orders.change(order.id, sending(), merchant_id=merchant)
    await orders.change(order.id, tapping(sent.view.order.kitchen.items[0].id, COOK), merchant_id=merchant)
    await orders.change(order.id, checking_out(), merchant_id=merchant)
    await orders.change(order.id, paying(attempt(order.id, 1)), merchant_id=None)
    last = await orders.change(
        order.id,
        cancelling(reason="ngoài trời mưa 🌧"),
        merchant_id=merchant,
    )
    filled = attrs.evolve(last.view.order, completed_at=MORNING)

    found = (await orders.find(order.id, merchant_id=merchant)).order

    assert found == attrs.evolve(last.view.order, kitchen=Kitchen())
    assert unfilled(filled) == set()
    assert set.intersection(*map(unfilled, found.basket.lines)) == set()


async def test_a_kitchen_with_every_field_filled_is_read_as_it_was_written(orders: PostgresOrders) -> None:
    order = await create(orders)
    line = order.basket.lines[0]
    wanted = Portion(
        line_id=line.id,
        quantity=Decimal("1.2500"),
        station_id=StationId("stove"),
        course="món chính",
        note="extra hot",
    )
    first = await orders.change(order.id, sending(wanted), merchant_id=order.merchant_id)
    ticket = first.view.order.kitchen.tickets[0]
    await orders.change(order.id, sending(), merchant_id=order.merchant_id)

    def rush(o: Order) -> Decision:
        return Decision(change=cooking.rush(o, ticket.id, at=MORNING + timedelta(hours=1), by="user-2"))

    await orders.change(order.id, rush, merchant_id=order.merchant_id)
    await orders.change(order.id, tapping(ticket.items[0].id, VOID, reason="dropped"), merchant_id=order.merchant_id)
    last = await orders.change(order.id, cancelling(), merchant_id=order.merchant_id)
    seen: list[Order] = []

    def look(o: Order) -> Decision:
        seen.append(o)
        return Decision(change=Change(order=o))

    await orders.change(order.id, look, merchant_id=order.merchant_id)

    assert seen == [last.view.order]
    assert unfilled(seen[0].kitchen.tickets[0]) == unfilled(seen[0].kitchen.items[0]) == set()


def unfilled(value: Order | Line | KitchenTicket | KitchenItem) -> set[str]:
    """Return the fields that are empty, and so have proven nothing."""
    return {name for name, part in attrs.asdict(value, recurse=False).items() if part is None or part == 0}


async def test_documents_are_kept_letter_by_letter(orders: PostgresOrders, other: Other) -> None:
    order = await create(orders)
    document: JsonObject = {
        "z": Decimal("1.500"),
        "a": [Decimal("0.1"), 12345678901234567890, None, True, "phở \u0000"],
    }

    made = await orders.change(order.id, checking_out(document=document), merchant_id=order.merchant_id)

    rows = await other.execute("SELECT document::text FROM checkout_snapshots WHERE order_id = %s", (order.id,))
    ((text,),) = await rows.fetchall()
    assert text.encode() == json.write(to_json(made.decision.change.snapshot))
    assert '"z":1.500,"a":[0.1,12345678901234567890,null,true,"phở \\u0000"]' in text
    found = await orders.find(order.id, merchant_id=order.merchant_id)
    assert found.snapshot is not None
    assert found.snapshot.pricing_v1 == document


async def test_every_checkouts_snapshot_is_kept(orders: PostgresOrders, other: Other) -> None:
    order = await create(orders)
    for minute in range(3):
        at = MORNING + timedelta(minutes=minute)
        await orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
        await orders.change(
            order.id,
            lambda o, at=at: Decision(change=o.revert(reason=None, at=at, by="user-1")),  # type: ignore[misc]  # no name
            merchant_id=order.merchant_id,
        )

    rows = await other.execute(
        "SELECT checkout FROM checkout_snapshots WHERE bucket = %s AND order_id = %s ORDER BY checkout",
        (bucket_of(order.id), order.id),
    )
    assert await rows.fetchall() == [(1,), (2,), (3,)]


async def test_only_the_lines_that_have_changed_are_written(orders: PostgresOrders, other: Other) -> None:
    order = await create(orders)
    soup, *_, custom = order.basket.lines

    async def versions() -> dict[str, str]:
        rows = await other.execute("SELECT id, xmin::text FROM sale_order_lines WHERE order_id = %s", (order.id,))
        return {str(line_id): str(xmin) for line_id, xmin in await rows.fetchall()}

    before = await versions()
    await orders.change(
        order.id,
        lambda o: Decision(change=o.change_item(custom.id, quantity=Decimal(9), at=MORNING, by="user-1")),
        merchant_id=order.merchant_id,
    )
    await orders.change(
        order.id,
        lambda o: Decision(change=o.remove_item(soup.id, at=MORNING, by="user-1")),
        merchant_id=order.merchant_id,
    )

    after = await versions()
    assert {line_id for line_id in after if after[line_id] != before[line_id]} == {custom.id}
    assert before.keys() - after.keys() == {soup.id}


async def test_the_order_row_tells_people_what_was_received_and_paid(orders: PostgresOrders, other: Other) -> None:
    order = await create(orders)
    await orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
    await orders.change(order.id, paying(attempt(order.id, 400_000)), merchant_id=None)

    row = await (
        await other.execute("SELECT received, paid, status FROM sale_orders WHERE id = %s", (order.id,))
    ).fetchone()
    assert row == (Decimal("400000.0000"), Decimal("355000.7500"), "COMPLETED")


async def test_an_orders_facts_are_numbered_from_one(orders: PostgresOrders, other: Other) -> None:
    order = await create(orders)
    for uid in ("b", "a", "c"):
        await orders.change(order.id, paying(attempt(order.id, 5, uid=uid)), merchant_id=None)

    rows = await other.execute(
        "SELECT ordinal, attempt_uid FROM payment_facts WHERE order_id = %s ORDER BY ordinal", (order.id,)
    )
    assert await rows.fetchall() == [(1, "b"), (2, "a"), (3, "c")]


@pytest.mark.parametrize("event_type", ["mq-pay:\u0000new", "mq-pay:\ud800", "x" * 10_000])
async def test_the_raw_log_takes_whatever_a_stranger_calls_an_event(database: Database, event_type: str) -> None:
    await PostgresInbox(database).log(delivered(bucket=NO_BUCKET, event_type=event_type))
