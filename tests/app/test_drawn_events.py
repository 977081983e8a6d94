"""What the strategies for other services' tests draw: all that Kafka may tell, and nothing that it may not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import find as found
from hypothesis import strategies as st

from sale_app.testing.events import kitchen_items, payments
from sale_domain import (
    KITCHEN_ITEM_STATUS_CHANGED,
    PAYMENT_SUCCESS,
    KitchenItemStatusChanged,
    PaymentSuccess,
    bucket_of,
    merchant_bucket,
    read_event,
    write_event,
)
from sale_domain.events import EventItem, Payment
from sale_domain.ids import MerchantId

Sold = tuple[PaymentSuccess, ...]
Cooked = tuple[KitchenItemStatusChanged, ...]
ENOUGH = settings(max_examples=500, phases=[Phase.generate], derandomize=True, database=None)
STEPS = {
    ("PENDING", "COOKING"),
    ("COOKING", "READY"),
    ("READY", "SERVED"),
    ("READY", "COOKING"),
    ("PENDING", "VOIDED"),
    ("COOKING", "VOIDED"),
    ("READY", "VOIDED"),
}


def booked_by_attempts(told: Sold) -> Decimal:
    """Return what a finance has booked of an order that books every attempt by its uid."""
    attempts = {attempt.uid: attempt.amount for event in told for attempt in event.payment.attempts}
    return sum(attempts.values(), start=Decimal(0))


def some_payment(is_so: Callable[[Payment], bool]) -> Callable[[Sold], bool]:
    return lambda told: any(is_so(event.payment) for event in told)


def some_item(is_so: Callable[[EventItem], bool]) -> Callable[[Sold], bool]:
    return lambda told: any(is_so(item) for item in told[0].items)


def leads(event: PaymentSuccess) -> set[str]:
    return {item.lead_item_id for item in event.items if item.lead_item_id is not None}


SALES: Mapping[str, Callable[[Sold], bool]] = {
    "paid at once": lambda told: len(told) == 1 and told[0].payment.is_fully_paid,
    "paid in two parts": lambda told: len(told) == 2,
    "never paid in full": lambda told: not told[-1].payment.is_fully_paid,
    "paid by exactly its attempts": lambda told: booked_by_attempts(told) == told[-1].payment.paid > 0,
    "more paid than its attempts, none left out": lambda told: (
        booked_by_attempts(told) < told[-1].payment.paid and not any(event.payment.attempts_omitted for event in told)
    ),
    "less paid than its attempts": lambda told: booked_by_attempts(told) > told[-1].payment.paid,
    "no attempt brought it about": some_payment(lambda payment: payment.attempt is None and payment.total > 0),
    "an attempt that brought it about": some_payment(lambda payment: payment.attempt is not None),
    "an attempt that another listed before": lambda told: any(
        event.payment.attempt is not None and event.payment.attempt not in event.payment.attempts for event in told
    ),
    "two attempts in one event": some_payment(lambda payment: len(payment.attempts) > 1),
    "attempts left out": some_payment(lambda payment: bool(payment.attempts_omitted)),
    "a free order": some_payment(lambda payment: payment.total == 0),
    "another currency": some_payment(lambda payment: payment.exchange_rate != 1),
    "a discount and a tax": lambda told: told[0].totals.discount > 0 and told[0].totals.tax > 0,
    "a discount": lambda told: told[0].totals.discount > 0 and told[0].totals.tax == 0,
    "a tax": lambda told: told[0].totals.discount == 0 and told[0].totals.tax > 0,
    "neither discount nor tax": lambda told: told[0].totals.discount == told[0].totals.tax == 0,
    "a known guest": lambda told: told[0].customer_id is not None,
    "a stranger": lambda told: told[0].customer_id is None,
    "a custom line": some_item(lambda item: item.mode == "CUSTOM"),
    "a combo": lambda told: bool(leads(told[0])),
    "an item without a recipe": some_item(lambda item: item.stock_id is not None and item.recipe_id is None),
    "two lines of one stock": lambda told: len(told[0].stocks) < sum(bool(item.stock_id) for item in told[0].items),
    "no stock at all": lambda told: not told[0].stocks,
}

DISHES: Mapping[str, Callable[[Cooked], bool]] = {
    "served": lambda told: told[-1].status == "SERVED",
    "recalled": lambda told: ("READY", "COOKING") in {(event.previous_status, event.status) for event in told},
    "ready for a second time": lambda told: [event.status for event in told].count("READY") > 1,
    "voided before anybody began": lambda told: told[0].status == "VOIDED",
    "voided when it was ready": lambda told: (told[-1].previous_status, told[-1].status) == ("READY", "VOIDED"),
    "given up half-way": lambda told: told[-1].status == "COOKING",
    "a reason": lambda told: told[-1].reason is not None,
    "moved on by two people": lambda told: len({event.changed_by for event in told}) > 1,
    "a recipe": lambda told: told[0].recipe_id is not None,
    "an item without a recipe": lambda told: told[0].item_id is not None and told[0].recipe_id is None,
    "a custom line": lambda told: told[0].item_id is None,
    "a station": lambda told: told[0].station_id is not None,
    "no station": lambda told: told[0].station_id is None,
}


@pytest.mark.parametrize("kind", SALES)
def test_every_kind_of_sale_is_drawn(kind: str) -> None:
    assert found(payments(), SALES[kind], settings=ENOUGH)


@pytest.mark.parametrize("kind", DISHES)
def test_every_kind_of_dish_is_drawn(kind: str) -> None:
    assert found(kitchen_items(), DISHES[kind], settings=ENOUGH)


def test_a_finance_that_books_by_attempts_alone_is_caught_out_by_a_test_over_drawn_sales() -> None:
    @settings(ENOUGH)
    @given(payments())
    def what_is_booked_is_what_was_paid(told: Sold) -> None:
        assert booked_by_attempts(told) == told[-1].payment.paid

    with pytest.raises(AssertionError):
        what_is_booked_is_what_was_paid()


@given(payments())
def test_a_drawn_sale_moves_by_numbered_transitions_and_its_money_never_shrinks(told: Sold) -> None:
    assert [event.transition for event in told] == [1, 2][: len(told)]
    steps = [(event.previous_sale_order_status, event.sale_order_status) for event in told]
    assert steps in (
        [("PROCESSING", "PARTIAL")],
        [("PROCESSING", "COMPLETED")],
        [("PROCESSING", "PARTIAL"), ("PARTIAL", "COMPLETED")],
    )
    for event in told:
        payment = event.payment
        assert 0 <= payment.paid <= payment.total == event.totals.total
        assert (payment.paid == payment.total) is payment.is_fully_paid is (event.sale_order_status == "COMPLETED")
        assert payment.paid > 0 or payment.total == 0
        assert (payment.exchange_rate == 1) is (payment.currency == "VND")
        assert payment.attempts_omitted is None or payment.attempts_omitted > 0
    assert [event.payment.paid for event in told] == sorted({event.payment.paid for event in told})
    assert [event.payment.paid_at for event in told] == sorted(event.payment.paid_at for event in told)
    uids = [attempt.uid for event in told for attempt in event.payment.attempts]
    assert len(uids) == len(set(uids))


@given(payments())
def test_the_lines_of_a_drawn_sale_add_up(told: Sold) -> None:
    event, totals = told[0], told[0].totals
    assert totals.total == totals.subtotal - totals.discount + totals.tax
    assert totals.total == sum(item.total for item in event.items)
    assert min(totals.subtotal, totals.discount, totals.tax, totals.total) >= 0
    for item in event.items:
        assert item.quantity > 0
        is_part = item.lead_item_id is not None
        assert not is_part or item.unit_price == item.total == 0
        has_nothing_to_take = item.mode == "CUSTOM" or item.sale_order_item_id in leads(event)
        assert not has_nothing_to_take or (item.stock_id, item.recipe_id) == (None, None)
        assert (item.mode == "CUSTOM") is (item.item_id is None)
    assert leads(event) <= {item.sale_order_item_id for item in event.items if item.lead_item_id is None}


@given(payments())
def test_the_stocks_of_a_drawn_sale_are_the_sums_of_the_lines_that_take_from_them(told: Sold) -> None:
    for event in told:
        taken: dict[str, Decimal] = {}
        for item in event.items:
            if item.stock_id is not None:
                taken[item.stock_id] = taken.get(item.stock_id, Decimal(0)) + item.quantity
        assert [(row.stock_id, row.quantity) for row in event.stocks] == list(taken.items())
        assert (event.items, event.stocks, event.totals) == (told[0].items, told[0].stocks, told[0].totals)
        assert (event.sale_order_id, event.customer_id) == (told[0].sale_order_id, told[0].customer_id)


@given(kitchen_items())
def test_a_drawn_dish_moves_as_dishes_do_and_says_who_moved_it_and_why_it_was_voided(told: Cooked) -> None:
    assert told[0].previous_status == "PENDING"
    assert all(before.status == after.previous_status for before, after in pairwise(told))
    for event in told:
        assert (event.previous_status, event.status) in STEPS
        assert event.changed_by
        assert (event.reason is None) is (event.status != "VOIDED")
        assert event.item_id is not None or event.recipe_id is None
    assert [event.changed_at for event in told] == sorted(event.changed_at for event in told)
    same = {(e.sale_order_id, e.kitchen_ticket_id, e.kitchen_ticket_item_id, e.sale_order_item_id) for e in told}
    assert len(same) == len({(event.quantity, event.recipe_id, event.station_id) for event in told}) == 1


@given(payments())
def test_no_id_of_a_drawn_sale_names_two_things_and_all_are_its_merchants(told: Sold) -> None:
    check_ids([told[0].sale_order_id, *(event.event_id for event in told), *lines_of(told)], told[0].merchant_id)
    assert all(event.sale_order_number.endswith(f"-{told[0].sale_order_id}") for event in told)


@given(kitchen_items())
def test_no_id_of_a_drawn_dish_names_two_things_and_all_are_its_merchants(told: Cooked) -> None:
    first = told[0]
    things = [first.sale_order_id, first.kitchen_ticket_id, first.kitchen_ticket_item_id, first.sale_order_item_id]
    check_ids([*things, *(event.event_id for event in told)], first.merchant_id)


@given(st.one_of(payments(), kitchen_items()))
def test_what_is_drawn_can_be_written_and_read(told: Sold | Cooked) -> None:
    for event in told:
        topic = PAYMENT_SUCCESS if isinstance(event, PaymentSuccess) else KITCHEN_ITEM_STATUS_CHANGED
        assert read_event(topic, write_event(event)) == event


def lines_of(told: Sold) -> Iterator[str]:
    return (item.sale_order_item_id for item in told[0].items)


def check_ids(ids: Iterable[str], merchant_id: MerchantId) -> None:
    named = list(ids)
    assert len(named) == len(set(named))
    assert {bucket_of(each) for each in named} == {merchant_bucket(merchant_id)}
