"""What Kafka is told of an order that has become PARTIAL or COMPLETED (contract §7)."""

from decimal import Decimal
from typing import Any

import attrs

from sale_domain.announcements import messages
from sale_domain.events import (
    EventItem,
    EventTotals,
    Finance,
    FinanceSource,
    PaidAttempt,
    Payment,
    PaymentSuccess,
    StockQuantity,
)
from sale_domain.ids import CustomerId, EventId, ItemId, RecipeId, StockId
from sale_domain.ledger import FactType, PaymentFact
from sale_domain.messages import Message
from sale_domain.order_change import Change
from sale_domain.orders import Order
from shop import (
    A_CHECK,
    MORNING,
    ORDER_ID,
    check_out,
    checked_out,
    combo,
    custom,
    draft,
    fact,
    minutes,
    opened,
    paid_attempt,
    paid_event,
    pay,
    pho,
    product,
    quote,
    settled,
    snapshot,
)


def told(change: Change) -> tuple[Message, ...]:
    return messages(change, new_id=lambda _: "event-1", traceparent="00-trace-1")


def told_of(order: Order, payment: PaymentFact) -> Message:
    (message,) = told(order.record_payment(payment, at=minutes(5))[1])
    return message


ATTEMPT_1 = PaidAttempt(
    id="id-of-a1",
    uid="a1",
    amount=Decimal(130_000),
    payment_provider="vnpay",
    finance=Finance(source=FinanceSource(id=ORDER_ID, type="SaleOrder")),
)


def test_a_full_payment_is_told_with_every_field_of_the_contract() -> None:
    order = checked_out(pho(2, note="no onion"))
    message = told_of(order, paid_attempt("a1", 130_000, transaction="t1"))
    assert message == Message(
        event_id=EventId("event-1"),
        topic="payment.success",
        merchant_id=order.merchant_id,
        order_id=ORDER_ID,
        seq=1,
        transition=1,
        occurred_at=minutes(5),
        traceparent="00-trace-1",
        payload=PaymentSuccess(
            event_id=EventId("event-1"),
            sale_order_id=ORDER_ID,
            sale_order_number=f"20260105073000-{ORDER_ID}",
            sale_order_status="COMPLETED",
            previous_sale_order_status="PROCESSING",
            transition=1,
            merchant_id=order.merchant_id,
            sale_channel_id=order.sale_channel_id,
            payment=Payment(
                total=Decimal(130_000),
                paid=Decimal(130_000),
                currency="VND",
                exchange_rate=Decimal(1),
                is_fully_paid=True,
                paid_at=minutes(5),
                attempt=ATTEMPT_1,
                attempts=(ATTEMPT_1,),
            ),
            totals=EventTotals(subtotal=Decimal(130_000), discount=Decimal(0), tax=Decimal(0), total=Decimal(130_000)),
            items=(
                EventItem(
                    sale_order_item_id=order.basket.lines[0].id,
                    item_type="PRODUCT_VARIANT",
                    item_id=ItemId("variant-pho"),
                    stock_id=StockId("stock-pho"),
                    recipe_id=RecipeId("recipe-pho"),
                    mode="PRODUCT",
                    quantity=Decimal(2),
                    unit_price=Decimal(65_000),
                    total=Decimal(130_000),
                ),
            ),
            stocks=(StockQuantity(stock_id=StockId("stock-pho"), quantity=Decimal(2)),),
        ),
    )


def test_two_lines_of_one_stock_are_one_row_of_stocks() -> None:
    message = told_of(checked_out(pho(2), pho(3, note="no onion"), product("tra-da", 1)), paid_attempt("a1", 330_000))
    assert [(row.stock_id, row.quantity) for row in paid_event(message).stocks] == [
        ("stock-pho", Decimal(5)),
        ("stock-tra-da", Decimal(1)),
    ]


def test_a_combos_lead_carries_the_price_and_its_parts_carry_stock_and_recipe() -> None:
    message = told_of(checked_out(combo(2), product("tra-da", 1)), paid_attempt("a1", 75_000))
    lead_id = paid_event(message).items[0].sale_order_item_id
    shown: list[Any] = [
        (i.item_id, i.lead_item_id, i.quantity, i.total, i.stock_id, i.recipe_id) for i in paid_event(message).items
    ]
    assert shown == [
        ("variant-combo-sang", None, 2, 70_000, None, None),
        ("variant-banh-mi", lead_id, 2, 0, "stock-banh-mi", "recipe-banh-mi"),
        ("variant-tra-da", lead_id, 4, 0, "stock-tra-da", None),
        ("variant-tra-da", None, 1, 5_000, "stock-tra-da", None),
    ]
    assert [(row.stock_id, row.quantity) for row in paid_event(message).stocks] == [
        ("stock-banh-mi", Decimal(2)),
        ("stock-tra-da", Decimal(5)),
    ]


def test_a_custom_line_is_told_without_item_and_stock() -> None:
    message = told_of(checked_out(custom(20_000, 2)), paid_attempt("a1", 40_000))
    (item,) = paid_event(message).items
    assert (item.mode, item.item_id, item.stock_id) == ("CUSTOM", None, None)
    assert item.total == 40_000
    assert paid_event(message).stocks == ()


def test_two_transitions_report_every_attempt_once() -> None:
    order = checked_out(pho(2))
    first = told_of(order, paid_attempt("a1", 50_000))
    partial = pay(order, paid_attempt("a1", 50_000), paid_attempt("a2", 20_000))
    second = told_of(partial, paid_attempt("a3", 70_000))
    assert (first.seq, paid_event(first).transition) == (1, 1)
    assert (second.seq, paid_event(second).transition) == (2, 2)
    assert paid_event(first).payment.paid == 50_000
    assert paid_event(second).payment.paid == 130_000
    assert paid_event(second).previous_sale_order_status == "PARTIAL"
    assert not paid_event(first).payment.is_fully_paid
    assert paid_event(second).payment.is_fully_paid
    assert [attempt.uid for attempt in paid_event(first).payment.attempts] == ["a1"]
    assert [(attempt.uid, attempt.amount) for attempt in paid_event(second).payment.attempts] == [
        ("a2", Decimal(20_000)),
        ("a3", Decimal(70_000)),
    ]
    trigger = paid_event(second).payment.attempt
    assert trigger is not None
    assert trigger.uid == "a3"


def test_an_attempt_that_is_told_larger_later_is_not_reported_again() -> None:
    partial = pay(checked_out(pho(2)), paid_attempt("a1", 50_000))
    message = told_of(partial, paid_attempt("a1", 130_000))
    assert paid_event(message).payment.paid == 130_000
    assert paid_event(message).payment.attempts == ()


def test_money_that_came_before_the_checkout_is_told_by_the_checkout() -> None:
    waiting = pay(draft(pho(2)), paid_attempt("a1", 50_000))
    (message,) = told(check_out(waiting, at=minutes(7)))
    payload = paid_event(message)
    assert (payload.previous_sale_order_status, payload.sale_order_status) == ("PROCESSING", "PARTIAL")
    assert payload.payment.attempt is None
    assert [attempt.uid for attempt in payload.payment.attempts] == ["a1"]


def test_an_order_that_costs_nothing_is_told_once_without_attempts() -> None:
    (message,) = told(check_out(draft(pho()), prices={"variant-pho": Decimal(0)}))
    payment = paid_event(message).payment
    assert payment.total == payment.paid == 0
    assert payment.attempt is None
    assert payment.attempts == ()
    assert payment.is_fully_paid


def test_more_than_the_total_is_never_the_figure_to_book() -> None:
    message = told_of(checked_out(pho()), paid_attempt("a1", 100_000))
    assert paid_event(message).payment.paid == 65_000
    assert paid_event(message).payment.attempts[0].amount == 100_000


def test_what_a_known_guest_pays_is_told_with_the_guest() -> None:
    order = attrs.evolve(checked_out(pho()), customer_id=CustomerId("customer-1"))
    assert paid_event(told_of(order, paid_attempt("a1", 65_000))).customer_id == "customer-1"


def test_a_settled_transaction_names_no_attempt() -> None:
    payment = paid_event(told_of(checked_out(pho()), settled("t1", 65_000))).payment
    assert payment.attempt is None
    assert payment.attempts == ()


def test_a_checks_attempt_says_which_check_it_is_for() -> None:
    (attempt,) = paid_event(told_of(checked_out(pho()), paid_attempt("a1", 65_000, source=A_CHECK))).payment.attempts
    assert attempt.finance is not None
    assert (attempt.finance.source.type, attempt.finance.source.id) == ("SaleCheck", "check-1")


def test_an_order_in_another_currency_than_its_channel_tells_its_rate() -> None:
    order = draft(pho())
    frozen = order.check_out(
        quote(order), snapshot(order, exchange_rate=Decimal("0.0000393701")), at=MORNING, by="lan"
    ).order
    assert paid_event(told_of(frozen, settled("t1", 65_000))).payment.exchange_rate == Decimal("0.0000393701")


def test_what_is_no_payment_transition_tells_kafka_nothing() -> None:
    processing = checked_out(pho(2))
    partial = pay(processing, paid_attempt("a1", 50_000))
    assert told(opened(pho())) == ()
    assert told(check_out(draft(pho()))) == ()
    assert told(processing.revert(reason=None, at=MORNING, by="lan")) == ()
    assert told(partial.cancel(reason="the guest has left", at=MORNING, by="lan")) == ()
    assert told(partial.record_payment(paid_attempt("a2", 1), at=MORNING)[1]) == ()
    assert told(partial.record_payment(paid_attempt("a1", 50_000), at=MORNING)[1]) == ()
    assert told(processing.record_payment(fact(FactType.ATTEMPT_FAILED, 9, attempt="a1"), at=MORNING)[1]) == ()
