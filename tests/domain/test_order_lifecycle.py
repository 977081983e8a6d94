"""The order's machine: the real methods agree with the table, the facts hold, and nothing of the table is idle."""

from collections.abc import Callable
from typing import Any

import pytest

from sale_domain.errors import IllegalTransition
from sale_domain.order_change import Change
from sale_domain.order_errors import EmptyOrder
from sale_domain.order_lifecycle import ORDER_LIFECYCLE, OrderAction, OrderStatus
from sale_domain.orders import Order
from sale_domain.payments import PaymentOutcome
from shop import MORNING, check_out, checked_out, draft, minutes, paid_attempt, pay, pho, vnd

TOTAL = 130_000
BY: dict[str, Any] = {"at": MORNING, "by": "lan"}

ORDERS: dict[OrderStatus, list[Order]] = {
    OrderStatus.DRAFT: [draft(pho(2)), pay(draft(pho(2)), paid_attempt("early", 5_000))],
    OrderStatus.PROCESSING: [checked_out(pho(2))],
    OrderStatus.PARTIAL: [pay(checked_out(pho(2)), paid_attempt("first", 5_000))],
    OrderStatus.COMPLETED: [pay(checked_out(pho(2)), paid_attempt("whole", TOTAL))],
    OrderStatus.CANCELLED: [
        draft(pho(2)).cancel(reason="the guest has left", **BY).order,
        checked_out(pho(2)).cancel(reason="the guest has left", **BY).order,
        pay(checked_out(pho(2)), paid_attempt("first", 5_000)).cancel(reason="the guest has left", **BY).order,
    ],
}

COMMANDS: dict[OrderAction, list[Callable[[Order], Change]]] = {
    OrderAction.EDIT: [
        lambda order: order.add_item(pho(), **BY),
        lambda order: order.change_item(order.basket.lines[0].id, note="no onion", **BY),
        lambda order: order.remove_item(order.basket.lines[0].id, **BY),
        lambda order: order.remove_all_items(**BY),
    ],
    OrderAction.CHECK_OUT: [check_out],
    OrderAction.REVERT: [lambda order: order.revert(reason=None, **BY)],
    OrderAction.CANCEL: [lambda order: order.cancel(reason="the guest has left", **BY)],
}

PAYMENTS = {OrderAction.PAY_PARTLY: 1, OrderAction.PAY_FULLY: TOTAL}


def followed_by_early_money(order: Order, action: OrderAction) -> bool:
    return action is OrderAction.CHECK_OUT and not order.received.is_zero


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("action", COMMANDS)
def test_every_command_in_every_state_does_what_the_table_says(status: OrderStatus, action: OrderAction) -> None:
    for order in ORDERS[status]:
        for command in COMMANDS[action]:
            expected = ORDER_LIFECYCLE.table[status].get(action)
            if expected is None:
                with pytest.raises(IllegalTransition) as refusal:
                    command(order)
                assert (refusal.value.status, refusal.value.action) == (status.value, action.value)
            elif not followed_by_early_money(order, action):
                change = command(order)
                assert change.order.status is expected
                assert change.entries
                assert (change.entries[0].from_status, change.entries[0].status) == (status.value, expected.value)


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("action", PAYMENTS)
def test_every_payment_in_every_state_does_what_the_table_says_and_is_never_refused(
    status: OrderStatus, action: OrderAction
) -> None:
    for order in ORDERS[status]:
        moves = action in ORDER_LIFECYCLE.table[status]
        _, change = order.record_payment(paid_attempt("now", PAYMENTS[action]), at=MORNING)
        assert change.order.status is ORDER_LIFECYCLE.table[status].get(action, status)
        assert (change.transition is not None) is moves
        assert change.order.transition == order.transition + moves


# --- facts, written by hand ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("terminal", [OrderStatus.COMPLETED, OrderStatus.CANCELLED])
def test_there_is_no_way_out_of_completed_and_cancelled(terminal: OrderStatus) -> None:
    for order in ORDERS[terminal]:
        for commands in COMMANDS.values():
            for command in commands:
                with pytest.raises(IllegalTransition):
                    command(order)
        assert pay(order, paid_attempt("late", TOTAL)).status is terminal


def test_an_order_is_completed_by_the_last_dong_and_not_before() -> None:
    almost = pay(checked_out(pho(2)), paid_attempt("first", TOTAL - 1))
    assert almost.status is OrderStatus.PARTIAL
    assert not almost.is_fully_paid
    whole = pay(almost, paid_attempt("second", 1))
    assert whole.status is OrderStatus.COMPLETED
    assert whole.is_fully_paid


def test_a_paid_order_goes_from_processing_to_completed_in_one_step() -> None:
    outcome, change = checked_out(pho(2)).record_payment(paid_attempt("whole", TOTAL), at=minutes(5))
    assert outcome is PaymentOutcome.APPLIED
    assert change.order.status is OrderStatus.COMPLETED
    assert change.order.completed_at == minutes(5)
    assert change.transition is not None
    assert (change.transition.number, change.transition.previous) == (1, OrderStatus.PROCESSING)


def test_a_draft_has_no_prices_and_a_reverted_order_has_none_again() -> None:
    for order in (draft(pho(2)), checked_out(pho(2)).revert(reason="one more guest", **BY).order):
        assert order.status is OrderStatus.DRAFT
        assert order.totals is None
        assert order.checked_out_at is None
        assert [(line.price, line.stock_id, line.recipe_id) for line in order.basket.lines] == [(None, None, None)]


def test_only_an_order_that_nothing_was_paid_for_is_reverted() -> None:
    assert checked_out(pho(2)).revert(reason=None, **BY).order.status is OrderStatus.DRAFT
    with pytest.raises(IllegalTransition):
        pay(checked_out(pho(2)), paid_attempt("first", 1)).revert(reason=None, **BY)


def test_an_empty_order_is_not_checked_out() -> None:
    with pytest.raises(EmptyOrder):
        check_out(draft())


def test_items_change_in_a_draft_only() -> None:
    processing = checked_out(pho(2))
    for command in COMMANDS[OrderAction.EDIT]:
        with pytest.raises(IllegalTransition):
            command(processing)


def test_money_that_comes_early_takes_the_checkout_further_with_processing_as_the_state_before() -> None:
    for early, status in ((5_000, OrderStatus.PARTIAL), (TOTAL, OrderStatus.COMPLETED)):
        waiting = pay(draft(pho(2)), paid_attempt("early", early))
        assert (waiting.status, waiting.paid, waiting.unallocated) == (OrderStatus.DRAFT, vnd(0), vnd(early))
        change = check_out(waiting)
        assert (change.order.status, change.order.paid) == (status, vnd(early))
        assert change.transition is not None
        assert change.transition.previous is OrderStatus.PROCESSING
        assert change.order.version == waiting.version + 1


def test_an_order_that_costs_nothing_is_completed_by_its_checkout() -> None:
    change = check_out(draft(pho(2)), prices={"variant-pho": vnd(0).amount})
    assert change.order.status is OrderStatus.COMPLETED
    assert change.transition is not None
    assert change.transition.attempts == ()


def test_more_money_that_leaves_a_partial_order_partial_is_no_transition() -> None:
    partial = pay(checked_out(pho(2)), paid_attempt("first", 5_000))
    outcome, change = partial.record_payment(paid_attempt("second", 5_000), at=MORNING)
    assert outcome is PaymentOutcome.APPLIED
    assert change.order.status is OrderStatus.PARTIAL
    assert change.transition is None
    assert (change.order.transition, change.order.events) == (1, 1)
    assert change.order.version == partial.version + 1


def test_a_cancelled_order_keeps_the_money_as_unallocated() -> None:
    partial = pay(checked_out(pho(2)), paid_attempt("first", 5_000))
    cancelled = partial.cancel(reason="the kitchen is closed", at=minutes(9), by="lan").order
    assert (cancelled.paid, cancelled.unallocated, cancelled.received) == (vnd(0), vnd(5_000), vnd(5_000))
    assert (cancelled.cancelled_at, cancelled.cancel_reason) == (minutes(9), "the kitchen is closed")
    outcome, late = cancelled.record_payment(paid_attempt("late", 7_000), at=minutes(10))
    assert outcome is PaymentOutcome.UNALLOCATED
    assert (late.order.paid, late.order.unallocated) == (vnd(0), vnd(12_000))


def test_money_beyond_the_total_is_unallocated() -> None:
    outcome, change = ORDERS[OrderStatus.COMPLETED][0].record_payment(paid_attempt("tip", 10_000), at=MORNING)
    assert outcome is PaymentOutcome.UNALLOCATED
    assert (change.order.paid, change.order.unallocated) == (vnd(TOTAL), vnd(10_000))


def test_the_same_payment_told_again_changes_nothing_at_all() -> None:
    order = pay(checked_out(pho(2)), paid_attempt("first", 5_000))
    outcome, change = order.record_payment(paid_attempt("first", "5000.0000"), at=minutes(30))
    assert outcome is PaymentOutcome.ALREADY_APPLIED
    assert change == Change(order=order)


def test_a_clock_that_is_behind_never_takes_an_orders_time_back() -> None:
    later = draft(pho()).add_item(pho(), at=minutes(10), by="lan").order
    earlier = later.add_item(pho(), at=minutes(4), by="minh").order
    assert earlier.updated_at == minutes(10)


def test_a_checkout_is_timed_and_never_before_what_was_done_to_the_order_last() -> None:
    order = draft(pho()).add_item(pho(), at=minutes(10), by="lan").order
    assert check_out(order, at=minutes(12)).order.checked_out_at == minutes(12)
    assert check_out(order, at=minutes(4)).order.checked_out_at == minutes(10)


# --- the table itself ------------------------------------------------------------------------------------------------


def test_every_state_has_a_row_can_be_reached_and_every_action_is_used() -> None:
    table = ORDER_LIFECYCLE.table
    assert set(table) == set(OrderStatus)
    reached, found = set[OrderStatus](), {ORDER_LIFECYCLE.initial}
    while found != reached:
        reached = set(found)
        found |= {after for status in reached for after in table[status].values()}
    assert reached == set(OrderStatus)
    assert {action for row in table.values() for action in row} == set(OrderAction)
    assert {status for status in OrderStatus if ORDER_LIFECYCLE.is_terminal(status)} == {
        OrderStatus.COMPLETED,
        OrderStatus.CANCELLED,
    }
