"""What every store of orders promises."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from orders_world import (
    MORNING,
    Refused,
    adding,
    attempt,
    breakfast,
    checking_out,
    corkage,
    create,
    fresh_merchant,
    opened,
    paying,
    pho,
)
from sale_domain.errors import NotFound
from sale_domain.feed import FeedAction
from sale_domain.ids import CustomerId, OrderId, SaleChannelId
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.payments import PaymentOutcome
from sale_domain.port_errors import EventTooLarge
from sale_domain.ports.orders import Decision, OrderFilter
from sale_domain.views import OrderView
from shop import paid_event
from stores import Stores

LATER = MORNING + timedelta(hours=1)


async def test_a_created_order_is_found_with_everything_it_has(stores: Stores) -> None:
    merchant = fresh_merchant()
    change = opened(merchant, pho(note="no onions"), breakfast(), corkage(), customer_id="customer-9")
    created = await stores.orders.create(Decision(change=change), once=None)

    found = await stores.orders.find(change.order.id, merchant_id=merchant)

    assert created == OrderView(order=change.order)
    assert found == OrderView(order=change.order, feed_seq=1)
    assert [line.quantity for line in found.order.basket.lines] == [2, 3, 3, 6, Decimal("1.5")]


async def test_another_merchants_order_and_a_malformed_id_do_not_exist(stores: Stores) -> None:
    order = await create(stores.orders)
    stranger = fresh_merchant()
    lost = OrderId(order.id[:-3] + "0" + order.id[-2:]) if order.id[-3] != "0" else OrderId("1" + order.id[1:])

    for order_id, merchant in ((order.id, stranger), (OrderId("x"), order.merchant_id), (lost, order.merchant_id)):
        with pytest.raises(NotFound):
            await stores.orders.find(order_id, merchant_id=merchant)
        with pytest.raises(NotFound):
            await stores.orders.history(order_id, merchant_id=merchant)
        with pytest.raises(NotFound):
            await stores.orders.change(order_id, adding(pho()), merchant_id=merchant)
    with pytest.raises(NotFound):
        await stores.orders.change(OrderId("x"), adding(pho()), merchant_id=None)


async def test_lines_are_added_changed_and_removed_and_keep_their_order(stores: Stores) -> None:
    order = await create(stores.orders)
    soup, combo, *_, custom = order.basket.lines

    async def change(step: int) -> Order:
        at = MORNING + timedelta(minutes=step)
        decisions = {
            1: lambda o: o.change_item(soup.id, quantity=Decimal(7), at=at, by="user-2"),
            2: lambda o: o.add_item(pho(quantity=1, note="extra herbs"), at=at, by="user-2"),
            3: lambda o: o.remove_item(combo.id, at=at, by="user-2"),
            4: lambda o: o.add_item(breakfast(), at=at, by="user-2"),
            5: lambda o: o.change_item(custom.id, note="three bottles", at=at, by="user-2"),
            6: lambda o: o.remove_item(soup.id, at=at, by="user-2"),
        }
        made = await stores.orders.change(
            order.id, lambda o: Decision(change=decisions[step](o)), merchant_id=order.merchant_id
        )
        return made.view.order

    for step in range(1, 7):
        after = await change(step)
        found = await stores.orders.find(order.id, merchant_id=order.merchant_id)
        assert found == OrderView(order=after, feed_seq=step + 1)
    names = [line.name for line in after.basket.lines]
    assert names == ["Corkage", "Phở bò", "Combo sáng", "Bánh mì", "Trà đá"]
    assert after.version == 7


async def test_removing_every_line_leaves_an_empty_order(stores: Stores) -> None:
    order = await create(stores.orders)

    await stores.orders.change(
        order.id,
        lambda o: Decision(change=o.remove_all_items(at=LATER, by="user-1")),
        merchant_id=order.merchant_id,
    )

    found = await stores.orders.find(order.id, merchant_id=order.merchant_id)
    assert found.order.basket.lines == ()


async def test_a_refused_decision_writes_nothing(stores: Stores) -> None:
    order = await create(stores.orders)

    def refuse(_: Order) -> Decision:
        raise Refused

    with pytest.raises(Refused):
        await stores.orders.change(order.id, refuse, merchant_id=order.merchant_id)

    assert await stores.orders.find(order.id, merchant_id=order.merchant_id) == OrderView(order=order, feed_seq=1)


async def test_a_decision_without_a_change_leaves_no_trace(stores: Stores) -> None:
    order = await create(stores.orders)
    line = order.basket.lines[0]

    made = await stores.orders.change(
        order.id,
        lambda o: Decision(change=o.change_item(line.id, quantity=line.quantity, at=LATER, by="user-1")),
        merchant_id=order.merchant_id,
    )

    assert made.view.order == order
    assert await stores.orders.find(order.id, merchant_id=order.merchant_id) == OrderView(order=order, feed_seq=1)


async def test_checkout_freezes_prices_and_shows_what_it_was_decided_on(stores: Stores) -> None:
    order = await create(stores.orders)

    made = await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)

    found = await stores.orders.find(order.id, merchant_id=order.merchant_id)
    assert found == attrs.evolve(made.view, feed_seq=2)
    assert found.snapshot is not None
    assert found.snapshot == made.decision.change.snapshot
    assert found.snapshot.checkout == 1
    assert found.order.totals is not None
    assert found.order.totals.total.amount == Decimal("355000.75")
    assert found.order.exchange_rate == Decimal("0.0000390625")


async def test_a_reverted_checkout_is_not_shown_and_the_next_one_is(stores: Stores) -> None:
    order = await create(stores.orders)
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)

    reverted = await stores.orders.change(
        order.id,
        lambda o: Decision(change=o.revert(reason="one more guest", at=LATER, by="user-1")),
        merchant_id=order.merchant_id,
    )
    draft = await stores.orders.find(order.id, merchant_id=order.merchant_id)
    await stores.orders.change(order.id, checking_out(document={"second": True}), merchant_id=order.merchant_id)
    again = await stores.orders.find(order.id, merchant_id=order.merchant_id)

    assert reverted.view.snapshot is None
    assert draft.snapshot is None
    assert all(line.price is None for line in draft.order.basket.lines)
    assert again.snapshot is not None
    assert (again.snapshot.checkout, again.snapshot.pricing_v1) == (2, {"second": True})


async def test_a_change_after_checkout_still_shows_the_snapshot(stores: Stores) -> None:
    order = await create(stores.orders)
    out = await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)

    cancelled = await stores.orders.change(
        order.id,
        lambda o: Decision(change=o.cancel(reason="guests left", at=LATER, by="user-1")),
        merchant_id=order.merchant_id,
    )

    assert cancelled.view.snapshot == out.view.snapshot
    found = await stores.orders.find(order.id, merchant_id=order.merchant_id)
    assert found.snapshot == out.view.snapshot
    assert (found.order.status, found.order.cancel_reason) == (OrderStatus.CANCELLED, "guests left")


async def test_payments_are_counted_once_in_the_order_they_came(stores: Stores) -> None:
    order = await create(stores.orders)
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
    facts = [
        attempt(order.id, 200_000, uid="b"),
        attempt(order.id, 100_000, uid="a"),
        attempt(order.id, 60_000, uid="c"),
    ]

    outcomes = []
    for fact in (*facts, facts[0]):
        made = await stores.orders.change(order.id, paying(fact), merchant_id=None)
        outcomes.append(made.decision.outcome)

    found = await stores.orders.find(order.id, merchant_id=order.merchant_id)
    assert outcomes == [*[PaymentOutcome.APPLIED] * 3, PaymentOutcome.ALREADY_APPLIED]
    assert found.order == attrs.evolve(made.view.order, kitchen=found.order.kitchen)
    assert list(found.order.ledger.facts) == facts
    assert (found.order.status, found.order.transition, found.order.events) == (OrderStatus.COMPLETED, 2, 2)
    assert found.order.unallocated.amount == Decimal("4999.25")


async def test_every_event_and_every_body_is_written_with_the_change(stores: Stores) -> None:
    order = await create(stores.orders)
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
    fact = attempt(order.id, 400_000)

    first = await stores.orders.change(order.id, paying(fact), merchant_id=None)
    second = await stores.orders.change(order.id, paying(fact), merchant_id=None)

    (message,) = first.decision.messages
    written = [row for row in await stores.outbox() if row.event_id == message.event_id]
    assert [row.seq for row in written] == [1]
    assert f'"saleOrderId":"{order.id}"'.encode() in written[0].body
    assert second.decision.messages == ()
    logged = {webhook.id: webhook for webhook in await stores.webhooks()}
    for decision in (first.decision, second.decision):
        assert decision.webhook is not None
        assert logged[decision.webhook.id] == decision.webhook


async def test_history_tells_an_orders_own_entries_under_the_merchants_numbers(stores: Stores) -> None:
    order = await create(stores.orders)
    other = await create(stores.orders, merchant_id=order.merchant_id)
    await stores.orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
    await stores.orders.change(order.id, paying(attempt(order.id, 900_000)), merchant_id=None)

    history = await stores.orders.history(order.id, merchant_id=order.merchant_id)
    theirs = await stores.orders.history(other.id, merchant_id=order.merchant_id)

    assert [(row.n, row.entry.action, row.entry.version) for row in history.entries] == [
        (1, FeedAction.ORDER_CREATED, 1),
        (3, FeedAction.ORDER_UPDATED, 2),
        (4, FeedAction.ORDER_CHECKED_OUT, 3),
        (5, FeedAction.ORDER_PAYMENT_UPDATED, 4),
    ]
    assert [row.n for row in theirs.entries] == [2]
    assert (history.feed_seq, theirs.feed_seq) == (5, 5)
    last = history.entries[-1].entry
    assert (last.from_status, last.status, last.transition, last.by) == ("PROCESSING", "COMPLETED", 1, "mq-pay")
    assert last.data is not None
    assert last.data["amount"] == 900_000


async def test_a_history_entry_is_what_the_command_told(stores: Stores) -> None:
    order = await create(stores.orders)

    made = await stores.orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)

    history = await stores.orders.history(order.id, merchant_id=order.merchant_id)
    assert history.entries[-1].entry == made.decision.change.entries[0]


async def test_a_list_shows_a_merchants_orders_newest_first_page_by_page(stores: Stores) -> None:
    merchant = fresh_merchant()
    made = [await create(stores.orders, merchant_id=merchant) for _ in range(5)]
    await create(stores.orders)
    await stores.orders.change(made[1].id, checking_out(), merchant_id=merchant)
    await stores.orders.change(made[1].id, paying(attempt(made[1].id, 5)), merchant_id=None)

    pages = [await stores.orders.find_many(OrderFilter(), merchant_id=merchant, after=None, limit=2)]
    while (after := pages[-1].next_after) is not None:
        pages.append(await stores.orders.find_many(OrderFilter(), merchant_id=merchant, after=after, limit=2))

    shown = [order for page in pages for order in page.orders]
    assert [order.id for order in shown] == [order.id for order in reversed(made)]
    assert [len(page.orders) for page in pages] == [2, 2, 1]
    assert {page.feed_seq for page in pages} == {7}
    assert shown[0] == made[4]
    found = await stores.orders.find(made[1].id, merchant_id=merchant)
    assert shown[3] == found.order


async def test_a_list_that_is_just_full_has_no_next_page(stores: Stores) -> None:
    merchant = fresh_merchant()
    await create(stores.orders, merchant_id=merchant)

    page = await stores.orders.find_many(OrderFilter(), merchant_id=merchant, after=None, limit=1)
    none = await stores.orders.find_many(OrderFilter(), merchant_id=fresh_merchant(), after=None, limit=1)

    assert (len(page.orders), page.next_after) == (1, None)
    assert (none.orders, none.next_after, none.feed_seq) == ((), None, 0)


async def test_each_filter_shows_what_it_says(stores: Stores) -> None:
    merchant = fresh_merchant()
    plain = await create(stores.orders, merchant_id=merchant)
    theirs = await create(stores.orders, merchant_id=merchant, customer_id="customer-9")
    away = await create(stores.orders, merchant_id=merchant, sale_channel_id="channel-away")
    change = opened(merchant, at=LATER)
    late = (await stores.orders.create(Decision(change=change), once=None)).order
    await stores.orders.change(plain.id, checking_out(), merchant_id=merchant)

    async def shown(which: OrderFilter) -> list[OrderId]:
        page = await stores.orders.find_many(which, merchant_id=merchant, after=None, limit=10)
        return [order.id for order in page.orders]

    assert await shown(OrderFilter(status=OrderStatus.PROCESSING)) == [plain.id]
    assert await shown(OrderFilter(customer_id=CustomerId("customer-9"))) == [theirs.id]
    assert await shown(OrderFilter(sale_channel_id=SaleChannelId("channel-away"))) == [away.id]
    assert await shown(OrderFilter(created_from=LATER)) == [late.id]
    assert await shown(OrderFilter(created_to=LATER)) == [away.id, theirs.id, plain.id]
    both = OrderFilter(status=OrderStatus.DRAFT, created_from=MORNING, created_to=LATER)
    assert await shown(both) == [away.id, theirs.id]


async def test_commands_on_one_order_happen_one_after_another(stores: Stores) -> None:
    order = await create(stores.orders)

    await asyncio.gather(
        *(
            stores.orders.change(order.id, adding(pho(note=f"guest {n}")), merchant_id=order.merchant_id)
            for n in range(12)
        )
    )

    found = await stores.orders.find(order.id, merchant_id=order.merchant_id)
    history = await stores.orders.history(order.id, merchant_id=order.merchant_id)
    assert found.order.version == 13
    assert {f"guest {n}" for n in range(12)} <= {line.note for line in found.order.basket.lines}
    assert [(row.n, row.entry.version) for row in history.entries] == [(n, n) for n in range(1, 14)]


async def test_an_event_that_kafka_would_never_take_is_refused_with_all_that_was_decided(stores: Stores) -> None:
    order = await create(stores.orders)

    def too_large(locked: Order) -> Decision:
        decision = checking_out()(locked)
        paid = paying(attempt(order.id, 10))(decision.change.order)
        (message,) = paid.messages
        payload = attrs.evolve(paid_event(message), sale_order_number="9" * 1_000_000)
        return attrs.evolve(decision, messages=(attrs.evolve(message, payload=payload),))

    with pytest.raises(EventTooLarge):
        await stores.orders.change(order.id, too_large, merchant_id=order.merchant_id)
    assert (await stores.orders.find(order.id, merchant_id=order.merchant_id)).order == order
