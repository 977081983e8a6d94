"""The kitchen's machines: the real methods agree with the table, the facts hold, a ticket is what its items are."""

from collections.abc import Iterable
from itertools import combinations_with_replacement

import pytest

from kitchen_world import HISTORY, send, tap
from sale_domain import cooking
from sale_domain.errors import IllegalTransition, Invalid
from sale_domain.kitchen_lifecycle import (
    KITCHEN_ITEM_LIFECYCLE,
    KitchenItemAction,
    KitchenItemStatus,
    KitchenTicketStatus,
    ticket_status,
)
from sale_domain.orders import Order
from shop import draft, minutes, pho

PENDING, COOKING, READY, SERVED, VOIDED = KitchenItemStatus
COOK, FINISH, SERVE, RECALL, VOID = KitchenItemAction


def kitchen_with(*statuses: KitchenItemStatus) -> Order:
    """Return an order with one ticket whose items are in these statuses."""
    notes = ("no onion", "extra hot", None)
    order = send(draft(*(pho(note=note) for note in notes[: len(statuses)]))).order
    for item, status in zip(order.kitchen.items, statuses, strict=True):
        order = tap(order, item, *HISTORY[status])
    return order


@pytest.mark.parametrize("status", KitchenItemStatus)
@pytest.mark.parametrize("action", KitchenItemAction)
def test_every_action_in_every_state_does_what_the_table_says(
    status: KitchenItemStatus, action: KitchenItemAction
) -> None:
    order = kitchen_with(status)
    (item,) = order.kitchen.items
    reason = "late" if action is VOID else None
    expected = KITCHEN_ITEM_LIFECYCLE.table[status].get(action)
    if expected is None:
        with pytest.raises(IllegalTransition) as refusal:
            cooking.act(order, item.id, action, reason=reason, at=minutes(9), by="minh")
        assert (refusal.value.status, refusal.value.action) == (status.value, action.value)
        return
    change = cooking.act(order, item.id, action, reason=reason, at=minutes(9), by="minh")
    (after,) = change.order.kitchen.items
    assert (item.status, after.status, after.moves) == (status, expected, item.moves + 1)
    assert (after.changed_at, after.changed_by, after.void_reason) == (minutes(9), "minh", reason)
    assert [(move.previous, move.item) for move in change.moves] == [(status, after)]


# --- facts, written by hand ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", KitchenItemAction)
@pytest.mark.parametrize("terminal", [SERVED, VOIDED])
def test_what_is_served_or_voided_stays_so(terminal: KitchenItemStatus, action: KitchenItemAction) -> None:
    order = kitchen_with(terminal)
    with pytest.raises(IllegalTransition):
        cooking.act(order, order.kitchen.items[0].id, action, reason="late", at=minutes(9), by="minh")


@pytest.mark.parametrize(
    ("status", "action", "reason"),
    [
        (PENDING, VOID, None),
        (READY, VOID, None),
        (PENDING, COOK, "late"),
        (COOKING, FINISH, ""),
        (READY, RECALL, "cold"),
    ],
)
def test_a_void_is_told_why_and_nothing_else_is(
    status: KitchenItemStatus, action: KitchenItemAction, reason: str | None
) -> None:
    order = kitchen_with(status)
    with pytest.raises(Invalid) as refusal:
        cooking.act(order, order.kitchen.items[0].id, action, reason=reason, at=minutes(9), by="minh")
    assert refusal.value.pointer == "/reason"


def test_a_dish_is_cooked_finished_and_served_in_this_order_and_no_other() -> None:
    order = kitchen_with(PENDING)
    (item,) = order.kitchen.items
    for too_early in (FINISH, SERVE, RECALL):
        with pytest.raises(IllegalTransition):
            tap(order, item, too_early)
    with pytest.raises(IllegalTransition):
        tap(order, item, COOK, COOK)
    with pytest.raises(IllegalTransition):
        tap(order, item, COOK, SERVE)
    served = tap(order, item, COOK, FINISH, SERVE)
    assert served.kitchen.items[0].status is SERVED
    assert served.kitchen.tickets[0].status is KitchenTicketStatus.COMPLETED


def test_a_recalled_dish_is_cooked_again_and_takes_its_ticket_back() -> None:
    order = kitchen_with(READY)
    assert order.kitchen.tickets[0].status is KitchenTicketStatus.READY
    recalled = tap(order, order.kitchen.items[0], RECALL)
    assert recalled.kitchen.items[0].status is COOKING
    assert recalled.kitchen.tickets[0].status is KitchenTicketStatus.PROCESSING
    assert tap(recalled, recalled.kitchen.items[0], FINISH).kitchen.tickets[0].status is KitchenTicketStatus.READY


@pytest.mark.parametrize(
    ("items", "ticket"),
    [
        ([], "VOIDED"),
        ([VOIDED], "VOIDED"),
        ([VOIDED, VOIDED], "VOIDED"),
        ([PENDING], "PENDING"),
        ([PENDING, VOIDED], "PENDING"),
        ([PENDING, COOKING], "PROCESSING"),
        ([COOKING], "PROCESSING"),
        ([PENDING, READY], "PROCESSING"),
        ([PENDING, SERVED], "PROCESSING"),
        ([COOKING, READY, SERVED], "PROCESSING"),
        ([READY], "READY"),
        ([READY, SERVED], "READY"),
        ([READY, VOIDED], "READY"),
        ([SERVED, SERVED], "COMPLETED"),
        ([SERVED, VOIDED], "COMPLETED"),
    ],
)
def test_a_ticket_is_what_its_items_are(items: list[KitchenItemStatus], ticket: str) -> None:
    assert ticket_status(items).value == ticket
    if items:
        assert kitchen_with(*items).kitchen.tickets[0].status.value == ticket


# --- the tables themselves -------------------------------------------------------------------------------------------


def test_every_state_has_a_row_can_be_reached_and_every_action_is_used() -> None:
    table = KITCHEN_ITEM_LIFECYCLE.table
    assert set(table) == set(KitchenItemStatus)
    reached, found = set[KitchenItemStatus](), {KITCHEN_ITEM_LIFECYCLE.initial}
    while found != reached:
        reached = set(found)
        found |= {after for status in reached for after in table[status].values()}
    assert reached == set(KitchenItemStatus)
    assert {action for row in table.values() for action in row} == set(KitchenItemAction)
    assert {status for status in table if KITCHEN_ITEM_LIFECYCLE.is_terminal(status)} == {SERVED, VOIDED}


def test_every_ticket_status_can_come_about_and_none_depends_on_the_order_of_its_items() -> None:
    made: Iterable[tuple[KitchenItemStatus, ...]] = combinations_with_replacement(KitchenItemStatus, 2)
    assert {ticket_status(items) for items in made} == set(KitchenTicketStatus)
    for items in combinations_with_replacement(KitchenItemStatus, 3):
        assert ticket_status(items) is ticket_status(reversed(items))


def test_a_ticket_with_nothing_left_to_do_is_neither_rushed_nor_voided() -> None:
    for statuses in ([SERVED], [VOIDED], [SERVED, VOIDED]):
        order = kitchen_with(*statuses)
        ticket = order.kitchen.tickets[0]
        with pytest.raises(IllegalTransition) as rushed:
            cooking.rush(order, ticket.id, at=minutes(9), by="lan")
        with pytest.raises(IllegalTransition) as voided:
            cooking.void(order, ticket.id, reason="late", at=minutes(9), by="lan")
        assert (rushed.value.status, rushed.value.action) == (ticket.status.value, "rush")
        assert (voided.value.status, voided.value.action) == (ticket.status.value, "void")


def test_every_open_ticket_can_be_rushed_and_a_second_time_changes_nothing() -> None:
    for status in (PENDING, COOKING, READY):
        order = kitchen_with(status)
        change = cooking.rush(order, order.kitchen.tickets[0].id, at=minutes(9), by="lan")
        (ticket,) = change.order.kitchen.tickets
        assert (ticket.rush, ticket.version) == (True, order.kitchen.tickets[0].version + 1)
        assert cooking.rush(change.order, ticket.id, at=minutes(10), by="lan").entries == ()
