"""What every store of kitchen tickets promises."""

from datetime import timedelta
from decimal import Decimal

import pytest

from orders_world import (
    MORNING,
    Refused,
    adding,
    attempt,
    cancelling,
    checking_out,
    create,
    fresh_id,
    fresh_merchant,
    paying,
    pho,
    sending,
    tapping,
)
from sale_domain.allocations import Seating, UnreadSeating
from sale_domain.cooking import Portion
from sale_domain.errors import Invalid, NotFound
from sale_domain.feed import FeedAction, Topic
from sale_domain.ids import KitchenItemId, KitchenTicketId, MerchantId, StationId, merchant_bucket
from sale_domain.kitchen import Kitchen, KitchenTicket, UnreadKitchen
from sale_domain.kitchen_lifecycle import KitchenItemAction, KitchenTicketStatus
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.ports.kitchen import TicketFilter, TicketView
from sale_domain.ports.orders import LINES, Decision, Need
from seating_world import NOON, leaving, moving, taking
from stores import Stores

COOK, FINISH, SERVE, RECALL, VOID = KitchenItemAction
PENDING, PROCESSING, READY, COMPLETED, VOIDED = KitchenTicketStatus


async def ticket_of(stores: Stores, order: Order, *, station: str | None = None) -> KitchenTicket:
    """Send one portion of the order's first line, and return its ticket."""
    portion = Portion(
        line_id=order.basket.lines[0].id,
        quantity=Decimal("0.5"),
        station_id=None if station is None else StationId(station),
    )
    sent = await stores.orders.change(order.id, sending(portion), merchant_id=order.merchant_id)
    return sent.view.order.kitchen.tickets[-1]


async def locked(stores: Stores, order: Order) -> Order:
    """Return the order as the next command sees it."""
    seen: list[Order] = []

    def look(found: Order) -> Decision:
        seen.append(found)
        return Decision(change=Change(order=found))

    await stores.orders.change(order.id, look, merchant_id=order.merchant_id)
    return seen[0]


async def test_a_sent_ticket_is_read_and_seen_by_commands_but_not_with_the_order(stores: Stores) -> None:
    order = await create(stores.orders)
    ticket = await ticket_of(stores, order, station="stove")

    found = await stores.tickets.find(ticket.id, merchant_id=order.merchant_id)
    read = await stores.orders.find(order.id, merchant_id=order.merchant_id)

    assert found == TicketView(
        order_id=order.id, order_number=order.number, merchant_id=order.merchant_id, ticket=ticket, feed_seq=3
    )
    assert (await locked(stores, order)).kitchen == Kitchen((ticket,))
    assert read.order.kitchen == Kitchen()
    assert read.order.basket.lines[0].sent_quantity == Decimal("0.5")


async def test_a_ticket_tells_where_its_guests_are_and_where_they_were_last(stores: Stores) -> None:
    order = await create(stores.orders)
    merchant, seated = order.merchant_id, taking("table-5", "table-4")
    taken = (await stores.orders.change(order.id, seated, merchant_id=merchant)).view.order.seating.usages
    ticket = await ticket_of(stores, order)
    neighbour = await create(stores.orders, merchant_id=merchant)
    await stores.orders.change(neighbour.id, taking("table-1"), merchant_id=merchant)
    other = await ticket_of(stores, neighbour)

    async def units() -> list[str]:
        found = await stores.tickets.find(ticket.id, merchant_id=merchant)
        page = await stores.tickets.find_many(TicketFilter(), merchant_id=merchant, after=None, limit=9)
        assert [(view.ticket.id, view.units) for view in page.tickets] == [
            (ticket.id, found.units),
            (other.id, ("table-1",)),
        ]
        return list(found.units)

    assert await units() == ["table-5", "table-4"]
    await stores.orders.change(order.id, moving(taken[0].id, "table-9"), merchant_id=merchant)
    assert await units() == ["table-9", "table-4"]
    await stores.orders.change(order.id, leaving(taken[1].id), merchant_id=merchant)
    assert await units() == ["table-9"]
    await stores.orders.change(order.id, checking_out(), merchant_id=merchant)
    paid = paying(attempt(order.id, 1_000_000), at=NOON + timedelta(hours=1))
    await stores.orders.change(order.id, paid, merchant_id=None, needs=Need.ACTIVE_USAGES)
    assert await units() == ["table-9"]


async def test_what_a_command_did_not_ask_for_is_not_read_and_not_lost(stores: Stores) -> None:
    order = await create(stores.orders)
    merchant = order.merchant_id
    (left, kept) = (
        await stores.orders.change(order.id, taking("table-5", "table-4"), merchant_id=merchant)
    ).view.order.seating.usages
    await stores.orders.change(order.id, leaving(left.id), merchant_id=merchant)
    ticket = await ticket_of(stores, order)
    seen: list[Order] = []

    def adding_beer(found: Order) -> Decision:
        seen.append(found)
        return adding(pho(note="beer"))(found)

    for needs in (LINES, Need.ACTIVE_USAGES, Need.KITCHEN, Need.SEATING):
        await stores.orders.change(order.id, adding_beer, merchant_id=merchant, needs=needs)
    priced = await stores.orders.change(order.id, checking_out(), merchant_id=merchant)
    paid = paying(attempt(order.id, 1))
    without = await stores.orders.change(order.id, paid, merchant_id=merchant, needs=LINES)

    assert [type(found.kitchen) for found in seen] == [UnreadKitchen, UnreadKitchen, Kitchen, UnreadKitchen]
    assert [type(found.seating) for found in seen] == [UnreadSeating, Seating, UnreadSeating, Seating]
    assert [[usage.id for usage in found.seating.usages] for found in seen[1::2]] == [[kept.id], [left.id, kept.id]]
    for found in seen[::2]:
        with pytest.raises(AssertionError, match="seating was not read"):
            found.seating.usages  # noqa: B018 - to ask is the bug
    assert {found.basket.lines[0].sent_quantity for found in seen} == {Decimal("0.5")}
    assert priced.view.snapshot is not None
    assert without.view.snapshot is None
    after = await locked(stores, order)
    assert after.kitchen == Kitchen((ticket,))
    assert [usage.id for usage in after.seating.usages] == [left.id, kept.id]


@pytest.mark.parametrize("needs", [LINES, Need.KITCHEN])
async def test_no_payment_ends_an_order_whose_tables_nobody_has_looked_at(stores: Stores, needs: Need) -> None:
    order = await create(stores.orders)
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)

    with pytest.raises(AssertionError, match="seating was not read"):
        await stores.orders.change(order.id, paying(attempt(order.id, 1_000_000)), merchant_id=None, needs=needs)


async def test_mq_pay_is_shown_no_kitchen_and_so_cannot_lose_or_change_it(stores: Stores) -> None:
    order = await create(stores.orders)
    ticket = await ticket_of(stores, order)

    with pytest.raises(AssertionError, match="was not read"):
        await stores.orders.change(order.id, cancelling(), merchant_id=None, needs=Need.SEATING)
    paid = paying(attempt(order.id, 1))
    await stores.orders.change(order.id, paid, merchant_id=None, needs=Need.ACTIVE_USAGES)

    assert (await locked(stores, order)).kitchen == Kitchen((ticket,))


async def test_every_step_is_kept_with_a_number_in_the_feed_and_its_event_in_the_outbox(stores: Stores) -> None:
    order = await create(stores.orders)
    ticket = await ticket_of(stores, order)
    (item,) = ticket.items
    for action in (COOK, FINISH, RECALL, FINISH, SERVE):
        await stores.orders.change(order.id, tapping(item.id, action), merchant_id=order.merchant_id)

    found = await stores.tickets.find(ticket.id, merchant_id=order.merchant_id)
    after = await locked(stores, order)

    assert (found.ticket.status, found.ticket.version, found.feed_seq) == (COMPLETED, 6, 8)
    assert (found.ticket.items[0].moves, after.events, after.version) == (5, 5, 2)
    assert after.updated_at == MORNING + timedelta(minutes=2)
    assert [row.seq for row in await stores.outbox() if order.id.encode() in row.body] == [1, 2, 3, 4, 5]


async def test_taps_and_payments_are_numbered_together_though_mq_pay_sees_no_kitchen(stores: Stores) -> None:
    order = await create(stores.orders)
    (item,) = (await ticket_of(stores, order)).items
    await stores.orders.change(order.id, tapping(item.id, COOK), merchant_id=order.merchant_id)
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
    await stores.orders.change(order.id, paying(attempt(order.id, 1_000)), merchant_id=None)
    await stores.orders.change(order.id, tapping(item.id, FINISH), merchant_id=order.merchant_id)

    after = await locked(stores, order)

    assert (after.events, after.kitchen.items[0].moves, after.transition) == (3, 2, 1)
    told = sorted(
        (row.seq, b"kitchenTicketId" in row.body) for row in await stores.outbox() if order.id.encode() in row.body
    )
    assert told == [(1, True), (2, False), (3, True)]


async def test_a_refused_tap_leaves_everything_as_it_was(stores: Stores) -> None:
    order = await create(stores.orders)
    ticket = await ticket_of(stores, order)

    def late(found: Order) -> Decision:
        tapping(ticket.items[0].id, COOK)(found)
        raise Refused

    with pytest.raises(Refused):
        await stores.orders.change(order.id, late, merchant_id=order.merchant_id)

    assert (await stores.tickets.find(ticket.id, merchant_id=order.merchant_id)).ticket == ticket


@pytest.mark.parametrize("quantity", ["-1", "0", "0.00001"])
async def test_a_portion_of_nothing_is_refused_and_all_that_is_ordered_can_still_be_sent(
    stores: Stores, quantity: str
) -> None:
    order = await create(stores.orders)
    line = order.basket.lines[0]
    nothing = Portion(line_id=line.id, quantity=Decimal(quantity))

    with pytest.raises(Invalid, match="/items/0/quantity"):
        await stores.orders.change(order.id, sending(nothing), merchant_id=order.merchant_id)

    sent = await stores.orders.change(order.id, sending(), merchant_id=order.merchant_id)
    assert sent.view.order.kitchen.quantities[line.id] == line.quantity


async def test_only_a_void_has_a_reason_and_none_is_without(stores: Stores) -> None:
    order = await create(stores.orders)
    ticket = await ticket_of(stores, order)
    (item,) = ticket.items

    for tap in (tapping(item.id, VOID), tapping(item.id, COOK, reason="late")):
        with pytest.raises(Invalid, match="/reason"):
            await stores.orders.change(order.id, tap, merchant_id=order.merchant_id)
    assert (await stores.tickets.find(ticket.id, merchant_id=order.merchant_id)).ticket == ticket

    await stores.orders.change(order.id, tapping(item.id, COOK), merchant_id=order.merchant_id)
    await stores.orders.change(order.id, tapping(item.id, VOID, reason="late"), merchant_id=order.merchant_id)
    (voided,) = (await stores.tickets.find(ticket.id, merchant_id=order.merchant_id)).ticket.items
    assert (voided.status.value, voided.void_reason) == ("VOIDED", "late")


async def test_a_cancelled_orders_tickets_are_told_of_in_the_same_transaction(stores: Stores) -> None:
    order = await create(stores.orders)
    begun, waiting = await ticket_of(stores, order), await ticket_of(stores, order)
    await stores.orders.change(order.id, tapping(begun.items[0].id, COOK), merchant_id=order.merchant_id)

    done = await stores.orders.change(order.id, cancelling(), merchant_id=order.merchant_id)

    assert [(e.topic, e.action) for e in done.decision.change.entries] == [
        (Topic.SALE_ORDER, FeedAction.ORDER_CANCELLED),
        (Topic.KITCHEN_TICKET, FeedAction.TICKET_UPDATED),
        (Topic.KITCHEN_TICKET, FeedAction.TICKET_VOIDED),
    ]
    found = [await stores.tickets.find(t.id, merchant_id=order.merchant_id) for t in (begun, waiting)]
    assert [(v.ticket.status, v.ticket.order_cancelled, v.feed_seq) for v in found] == [
        (PROCESSING, True, 9),
        (VOIDED, True, 9),
    ]
    history = await stores.orders.history(order.id, merchant_id=order.merchant_id)
    assert [row.n for row in history.entries] == [1, 2, 4, 7]


async def test_tickets_are_listed_oldest_first_by_station_and_status(stores: Stores) -> None:
    merchant = fresh_merchant()
    first, second = [await create(stores.orders, merchant_id=merchant) for _ in range(2)]
    tickets = [
        await ticket_of(stores, order, station=station)
        for order, station in ((second, "stove"), (first, "bar"), (second, "bar"), (first, None))
    ]
    await ticket_of(stores, await create(stores.orders))
    await stores.orders.change(second.id, tapping(tickets[0].items[0].id, COOK), merchant_id=merchant)
    await stores.orders.change(second.id, tapping(tickets[2].items[0].id, VOID, reason="x"), merchant_id=merchant)

    async def listed(
        station: str | None = None, *statuses: KitchenTicketStatus, after: KitchenTicketId | None = None, limit: int = 9
    ) -> list[int]:
        which = TicketFilter(
            station_id=None if station is None else StationId(station), statuses=frozenset(statuses) or None
        )
        page = await stores.tickets.find_many(which, merchant_id=merchant, after=after, limit=limit)
        assert page.feed_seq == 2 + 4 * 2 + 1 + 2
        places = {ticket.id: n for n, ticket in enumerate(tickets)}
        assert (page.next_after is not None) == (len(page.tickets) == limit and limit < 4)
        return [places[view.ticket.id] for view in page.tickets]

    assert await listed() == [0, 1, 2, 3]
    assert await listed("bar") == [1, 2]
    assert await listed(None, PROCESSING) == [0]
    assert await listed(None, PENDING, PROCESSING, READY) == [0, 1, 3]
    assert await listed("bar", PENDING, PROCESSING, READY) == [1]
    assert await listed("roof") == []
    assert await listed(limit=2) == [0, 1]
    assert await listed(after=tickets[1].id) == [2, 3]


async def test_a_list_of_no_status_at_all_shows_nothing(stores: Stores) -> None:
    order = await create(stores.orders)
    await ticket_of(stores, order)
    none = TicketFilter(statuses=frozenset())

    page = await stores.tickets.find_many(none, merchant_id=order.merchant_id, after=None, limit=9)

    assert (page.tickets, page.next_after, page.feed_seq) == ((), None, 3)


async def test_a_listed_ticket_is_shown_as_a_single_one_is(stores: Stores) -> None:
    order = await create(stores.orders)
    mine, _ = await ticket_of(stores, order), await ticket_of(stores, order)

    page = await stores.tickets.find_many(TicketFilter(), merchant_id=order.merchant_id, after=None, limit=1)

    assert page.tickets == (await stores.tickets.find(mine.id, merchant_id=order.merchant_id),)
    assert page.next_after == mine.id


async def test_a_merchant_without_tickets_has_an_empty_page(stores: Stores) -> None:
    page = await stores.tickets.find_many(TicketFilter(), merchant_id=fresh_merchant(), after=None, limit=9)
    assert (page.tickets, page.next_after, page.feed_seq) == ((), None, 0)


async def test_the_way_from_a_ticket_or_an_item_to_its_order_is_known(stores: Stores) -> None:
    order = await create(stores.orders)
    ticket = await ticket_of(stores, order)
    assert await stores.tickets.order_of_ticket(ticket.id, merchant_id=order.merchant_id) == order.id
    assert await stores.tickets.order_of_item(ticket.items[0].id, merchant_id=order.merchant_id) == order.id


async def test_what_is_unknown_another_merchants_or_no_id_at_all_is_not_found(stores: Stores) -> None:
    order = await create(stores.orders)
    ticket = await ticket_of(stores, order)
    bucket = merchant_bucket(order.merchant_id)
    for thing, merchant in (
        (fresh_id(bucket), order.merchant_id),
        ("x", order.merchant_id),
        (ticket.id, MerchantId("merchant-other")),
        (ticket.items[0].id, MerchantId("merchant-other")),
    ):
        with pytest.raises(NotFound, match=r"kitchen ticket\."):
            await stores.tickets.find(KitchenTicketId(thing), merchant_id=merchant)
        with pytest.raises(NotFound, match=r"kitchen ticket\."):
            await stores.tickets.order_of_ticket(KitchenTicketId(thing), merchant_id=merchant)
        with pytest.raises(NotFound, match="kitchen ticket item"):
            await stores.tickets.order_of_item(KitchenItemId(thing), merchant_id=merchant)


# --- stations --------------------------------------------------------------------------------------------------------
