"""The whole sale in one process, over memory: what is said and what is kept."""

import time
from decimal import Decimal

import attrs
import httpx
import pytest

from counter import AT_THE_AIRPORT, AT_THE_SHOP, LAN, everything, item, opened, pay
from sale_adapters.memory import ManualClock, MemoryStore
from sale_app.composition import InMemorySale, compose_in_memory
from sale_domain.ids import CustomerId, OrderId, UnitId
from sale_domain.ledger import SourceType
from sale_domain.money import Currency
from sale_domain.order_errors import ExchangeRateNotNeeded, ExchangeRateRequired
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.payments import PaymentOutcome
from sale_domain.permissions import Permission
from sale_domain.port_errors import Forbidden, SisterUnavailable, StoreUnavailable, Unauthenticated
from sale_domain.ports.allocations import UsageFilter
from sale_domain.ports.kitchen import TicketFilter
from sale_domain.ports.orders import OrderFilter
from sale_domain.seating import Units
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.concurrently import concurrently
from sale_domain.use_cases.ordering import CustomRequest, NewOrder
from sale_domain.use_cases.settlement import Delivery
from shop import paid_event


@pytest.fixture
def shop() -> InMemorySale:
    return compose_in_memory()


async def sell(shop: InMemorySale) -> OrderId:
    """Fill an order, check it out, take that back, add a tea, and check it out again: 170 000 VND."""
    sale = shop.sale
    order_id = (await opened(shop, item("pho"))).order.id
    shop.clock.advance(60)
    merged = await sale.add_item(LAN, order_id, item("pho"))
    assert [line.quantity for line in merged.order.basket.lines] == [2]
    await sale.add_item(LAN, order_id, item("combo-sang", banh_mi=1, tra_da=1))
    preview = await sale.preview_prices(LAN, order_id)
    assert preview.quote.totals.total.amount == 165_000
    first = await sale.check_out(LAN, order_id, CheckoutRequest(expected_total=Decimal(165_000)))
    assert first.order.status is OrderStatus.PROCESSING
    await sale.revert(LAN, order_id, reason="one more tea")
    await sale.add_item(LAN, order_id, item("tra-da"))
    second = await sale.check_out(LAN, order_id, CheckoutRequest(expected_total=Decimal(170_000)))
    assert second.snapshot is not None
    assert second.snapshot.checkout == 2
    shop.clock.advance(60)
    return order_id


async def settle(shop: InMemorySale, order_id: OrderId) -> list[PaymentOutcome]:
    """Pay 180 000 VND in three parts, two of which are told twice."""
    parts = [("a1", 70_000), ("a1", 70_000), ("a2", 60_000), ("a3", 50_000), ("a3", 50_000)]
    return [await pay(shop, order_id, uid, amount) for uid, amount in parts]


async def test_a_whole_sale_ends_in_a_completed_order_in_less_than_a_second(shop: InMemorySale) -> None:
    started = time.perf_counter()
    order_id = await sell(shop)
    outcomes = await settle(shop, order_id)
    assert [outcome.value for outcome in outcomes] == [
        "applied",
        "already-applied",
        "applied",
        "applied",
        "already-applied",
    ]
    done = await shop.sale.order(LAN, order_id)
    assert done.order.status is OrderStatus.COMPLETED
    assert (done.order.paid.amount, done.order.unallocated.amount) == (Decimal(170_000), Decimal(10_000))
    assert (done.order.version, done.feed_seq) == (10, 10)
    assert [snapshot.checkout for snapshot in shop.store.snapshots[order_id]] == [1, 2]
    assert [webhook.outcome for webhook in shop.inbox.webhooks] == [outcome.value for outcome in outcomes]
    assert shop.inbox.webhooks[0].body == b'{"attempt": "a1"}'
    assert time.perf_counter() - started < 1


async def test_a_whole_sale_leaves_one_history_entry_for_every_change(shop: InMemorySale) -> None:
    order_id = await sell(shop)
    await settle(shop, order_id)
    history = await shop.sale.order_history(LAN, order_id)
    assert [
        (row.n, row.entry.action.value, row.entry.status, row.entry.version, row.entry.by, row.entry.transition)
        for row in history.entries
    ] == [
        (1, "ORDER_CREATED", "DRAFT", 1, "lan", None),
        (2, "ORDER_UPDATED", "DRAFT", 2, "lan", None),
        (3, "ORDER_UPDATED", "DRAFT", 3, "lan", None),
        (4, "ORDER_CHECKED_OUT", "PROCESSING", 4, "lan", None),
        (5, "ORDER_REVERTED", "DRAFT", 5, "lan", None),
        (6, "ORDER_UPDATED", "DRAFT", 6, "lan", None),
        (7, "ORDER_CHECKED_OUT", "PROCESSING", 7, "lan", None),
        (8, "ORDER_PAYMENT_UPDATED", "PARTIAL", 8, "mq-pay", 1),
        (9, "ORDER_PAYMENT_UPDATED", "PARTIAL", 9, "mq-pay", None),
        (10, "ORDER_PAYMENT_UPDATED", "COMPLETED", 10, "mq-pay", 2),
    ]
    assert [row.entry.reason for row in history.entries[3:6]] == [None, "one more tea", None]


async def test_a_whole_sale_leaves_one_message_for_every_payment_transition(shop: InMemorySale) -> None:
    await settle(shop, await sell(shop))
    assert [
        (message.seq, event.sale_order_status, event.payment.paid, event.transition)
        for message in shop.store.messages
        if (event := paid_event(message))
    ] == [(1, "PARTIAL", Decimal(70_000), 1), (2, "COMPLETED", Decimal(170_000), 2)]
    assert [[paid.uid for paid in paid_event(message).payment.attempts] for message in shop.store.messages] == [
        ["a1"],
        ["a2", "a3"],
    ]
    assert [row.event_id for row in shop.store.outbox.rows.values()] == [m.event_id for m in shop.store.messages]


async def test_an_order_is_opened_with_all_that_was_asked_for(shop: InMemorySale) -> None:
    breakfast = attrs.evolve(item("combo-sang", 2, note="early", banh_mi=1, tra_da=2), item_type="COMBO")
    corkage = CustomRequest(name="Corkage", unit_price=Decimal(50_000), quantity=Decimal(3), note="three bottles")
    new = NewOrder(
        sale_channel_id=AT_THE_SHOP, customer_id=CustomerId("mai"), note="by the window", items=(breakfast, corkage)
    )
    order = (await shop.sale.create_order(LAN, new)).order
    assert (order.customer_id, order.note) == ("mai", "by the window")
    lead, bread, tea, wine = order.basket.lines
    assert (lead.item_type, lead.quantity, lead.note) == ("COMBO", Decimal(2), "early")
    assert [(part.lead_id, part.item_id, part.quantity) for part in (bread, tea)] == [
        (lead.id, "variant-banh-mi", Decimal(2)),
        (lead.id, "variant-tra-da", Decimal(4)),
    ]
    assert (wine.name, wine.quantity, wine.note) == ("Corkage", Decimal(3), "three bottles")


async def test_a_lines_quantity_and_its_note_are_changed_each_without_the_other(shop: InMemorySale) -> None:
    order = (await opened(shop, item("pho", 2, note="no onions"))).order
    (line,) = order.basket.lines
    await shop.sale.change_item(LAN, order.id, line.id, quantity=Decimal(3))
    (more,) = shop.store.orders[order.id].basket.lines
    assert (more.quantity, more.note) == (Decimal(3), "no onions")
    await shop.sale.change_item(LAN, order.id, line.id, note="extra lime")
    (noted,) = shop.store.orders[order.id].basket.lines
    assert (noted.quantity, noted.note) == (Decimal(3), "extra lime")


async def test_every_list_goes_on_where_its_last_page_ended(shop: InMemorySale) -> None:
    sale = shop.sale
    sold = [(await opened(shop, item("pho"))).order for _ in range(2)]
    for order, table in zip(sold, ("table-4", "table-5"), strict=True):
        await sale.send(LAN, order.id, ())
        await sale.allocate(LAN, order.id, Units(unit_ids=(UnitId(table),)))
        await pay(shop, order.id, "a1", 65_000)
    older, newer = (shop.store.orders[order.id] for order in sold)

    orders = await sale.orders(LAN, OrderFilter(), after=None, limit=1)
    then = await sale.orders(LAN, OrderFilter(), after=orders.next_after, limit=1)
    assert [found.id for page in (orders, then) for found in page.orders] == [newer.id, older.id]

    unallocated = await sale.unallocated(LAN, after=None, limit=1)
    then = await sale.unallocated(LAN, after=unallocated.next_after, limit=1)
    assert [found.id for page in (unallocated, then) for found in page.orders] == [newer.id, older.id]

    usages = await sale.usages(LAN, UsageFilter(), after=None, limit=1)
    ends = await sale.usages(LAN, UsageFilter(), after=usages.next_after, limit=1)
    assert [found.unit_id for page in (usages, ends) for found in page.usages] == ["table-5", "table-4"]

    tickets = await sale.tickets(LAN, TicketFilter(), after=None, limit=1)
    last = await sale.tickets(LAN, TicketFilter(), after=tickets.next_after, limit=1)
    assert [found.order_id for page in (tickets, last) for found in page.tickets] == [older.id, newer.id]


# --- currencies ------------------------------------------------------------------------------------------------------


async def test_an_order_in_another_currency_than_its_channel_needs_a_rate_and_keeps_it(shop: InMemorySale) -> None:
    new = NewOrder(sale_channel_id=AT_THE_SHOP, currency=Currency("USD"), items=(item("espresso", 2),))
    order_id = (await shop.sale.create_order(LAN, new)).order.id
    with pytest.raises(ExchangeRateRequired):
        await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    view = await shop.sale.check_out(LAN, order_id, CheckoutRequest(exchange_rate=Decimal("25400.5")))
    assert view.order.exchange_rate == Decimal("25400.5")
    assert view.snapshot is not None
    assert view.snapshot.exchange_rate == Decimal("25400.5")
    assert view.order.totals is not None
    assert (view.order.totals.total.amount, view.order.totals.total.currency) == (Decimal(7), "USD")
    await pay(shop, order_id, "a1", 7)
    assert paid_event(shop.store.messages[0]).payment.exchange_rate == Decimal("25400.5")


async def test_an_order_in_its_channels_currency_has_nothing_to_exchange(shop: InMemorySale) -> None:
    new = NewOrder(sale_channel_id=AT_THE_AIRPORT, items=(item("espresso"),))
    view = await shop.sale.create_order(LAN, new)
    assert view.order.currency == "USD"
    with pytest.raises(ExchangeRateNotNeeded):
        await shop.sale.check_out(LAN, view.order.id, CheckoutRequest(exchange_rate=Decimal(2)))
    view = await shop.sale.check_out(LAN, view.order.id, CheckoutRequest(exchange_rate=Decimal(1)))
    assert view.order.exchange_rate is None


# --- payments --------------------------------------------------------------------------------------------------------


async def test_money_for_an_order_that_is_not_there_waits_for_it(shop: InMemorySale) -> None:
    nowhere = "0000000000000000000000000105"
    for order_id in (nowhere, nowhere, "not an id"):
        assert await pay(shop, order_id, "a1", 65_000) is PaymentOutcome.PARKED
    assert await pay(shop, "check-1", "a1", 65_000, source=SourceType.SALE_CHECK) is PaymentOutcome.PARKED
    assert [fact.source.id for fact in shop.inbox.parked] == [nowhere, "not an id", "check-1"]
    assert [webhook.outcome for webhook in shop.inbox.webhooks] == ["parked"] * 4
    assert [webhook.id[-2:] for webhook in shop.inbox.webhooks] == ["05", "05", "00", "00"]


async def test_money_that_comes_before_the_checkout_pays_at_the_checkout(shop: InMemorySale) -> None:
    order_id = (await opened(shop, item("pho"))).order.id
    assert await pay(shop, order_id, "a1", 65_000) is PaymentOutcome.UNALLOCATED
    assert shop.store.messages == []
    view = await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    assert view.order.status is OrderStatus.COMPLETED
    (message,) = shop.store.messages
    assert message.traceparent == "00-trace-1"
    assert paid_event(message).previous_sale_order_status == "PROCESSING"


async def test_a_payment_that_finds_the_database_away_can_be_told_again(shop: InMemorySale) -> None:
    order_id = (await opened(shop, item("pho"))).order.id
    await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    before = everything(shop)
    shop.store.fail_with = StoreUnavailable(reason="gone")
    with pytest.raises(StoreUnavailable):
        await pay(shop, order_id, "a1", 65_000)
    shop.store.fail_with = None
    assert everything(shop) == before
    assert await pay(shop, order_id, "a1", 65_000) is PaymentOutcome.APPLIED


async def test_the_same_payment_told_many_times_at_once_counts_once(shop: InMemorySale) -> None:
    order_id = (await opened(shop, item("pho", 2))).order.id
    await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    outcomes = await concurrently(pay(shop, order_id, f"a{n % 2}", 65_000) for n in range(10))
    assert outcomes.count(PaymentOutcome.APPLIED) == 2
    assert outcomes.count(PaymentOutcome.ALREADY_APPLIED) == 8
    assert [paid_event(message).sale_order_status for message in shop.store.messages] == ["PARTIAL", "COMPLETED"]


async def test_a_body_that_is_no_payment_of_ours_is_kept_in_the_raw_log(shop: InMemorySale) -> None:
    await shop.sale.log_delivery(Delivery(body=b"\xff", event_type=None), outcome="invalid")
    (webhook,) = shop.inbox.webhooks
    assert (webhook.body, webhook.outcome, webhook.id[-2:]) == (b"\xff", "invalid", "00")


# --- callers ---------------------------------------------------------------------------------------------------------


async def test_a_caller_may_do_what_a_role_allows_and_none_denies(shop: InMemorySale) -> None:
    waiter = shop.tokens.issue("lan's", user_id="lan", roles=("waiter", "trainee"), merchants=("merchant-1",))
    assert await shop.sale.authenticate("lan's") == waiter
    with pytest.raises(Unauthenticated):
        await shop.sale.authenticate("forged")
    with pytest.raises(Forbidden):
        await shop.sale.authorize(waiter, Permission.ORDER_CREATE)
    shop.policies.allow("waiter")
    await shop.sale.authorize(waiter, Permission.ORDER_CREATE)
    shop.policies.deny("trainee", Permission.ORDER_CANCEL)
    with pytest.raises(Forbidden):
        await shop.sale.authorize(waiter, Permission.ORDER_CANCEL)
    await shop.sale.authorize(waiter, Permission.ORDER_CREATE)


async def test_when_nobody_knows_the_policies_only_those_who_need_none_go_on(shop: InMemorySale) -> None:
    shop.policies.fail_with = SisterUnavailable(sister="identity", reason="connection refused")
    waiter = shop.tokens.issue("lan's", user_id="lan", roles=("waiter",), merchants=("merchant-1",))
    owner = shop.tokens.issue("ba's", user_id="ba", roles=("admin",), merchants=("merchant-1",))
    with pytest.raises(SisterUnavailable):
        await shop.sale.authorize(waiter, Permission.ORDER_FIND)
    await shop.sale.authorize(owner, Permission.ORDER_FIND)


async def test_a_sale_in_memory_is_ready_for_as_long_as_its_store_is_there(shop: InMemorySale) -> None:
    transport = httpx.ASGITransport(app=shop.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://sale/v1/api/sale") as client:
        assert (await client.get("/readyz")).status_code == 200
        shop.store.fail_with = StoreUnavailable(reason="connection refused")
        assert (await client.get("/readyz")).status_code == 503
        shop.store.fail_with = None
        assert (await client.get("/readyz")).status_code == 200


def test_a_store_that_goes_by_another_clock_is_refused() -> None:
    clock = ManualClock()
    store = MemoryStore(clock=clock)
    assert compose_in_memory(store=store, clock=clock).store is store
    with pytest.raises(ValueError, match="another clock"):
        compose_in_memory(store=store)
