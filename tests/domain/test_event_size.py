"""No event is too large for Kafka, however long the order and however many attempts paid for it."""

from decimal import Decimal

import attrs
import pytest

from sale_domain import event_size
from sale_domain.announcements import check_events_fit, messages
from sale_domain.basket import MAX_LINES
from sale_domain.event_size import LARGEST_EVENT_BYTES, LARGEST_ORDER_BYTES
from sale_domain.events import PaymentSuccess, write_event
from sale_domain.ids import EventId, ItemId, LineId, RecipeId, StockId
from sale_domain.ledger import FactType, Ledger, PaymentFact
from sale_domain.lines import NewProduct
from sale_domain.order_errors import OrderTooLarge
from sale_domain.orders import Order
from shop import check_out, checked_out, draft, fact, minutes, paid_attempt, paid_event, pho, product

ID = "01KE6YB4M0000000000000000126"
LONGEST = "😀" * 500
"""The longest text that HTTP and the webhook let in: 500 characters of four bytes."""


def full_order(*, text: str) -> Order:
    """Return a checked-out order of as many lines as there can be, each id of which is this text and a number."""

    def named(n: int) -> str:
        return f"{n:03}{text[3:]}"

    items = [
        NewProduct(
            id=LineId(f"{n:03}{ID[3:]}"),
            item_id=ItemId(named(n)),
            item_type=text,
            name="Phở",
            quantity=Decimal("0.1234"),
        )
        for n in range(MAX_LINES)
    ]
    opened = draft(*items)
    order = check_out(opened, prices={named(n): Decimal("11111.1111") for n in range(MAX_LINES)}).order
    stocked = tuple(
        attrs.evolve(line, stock_id=StockId(line.item_id or ""), recipe_id=RecipeId(line.item_id or ""))
        for line in order.basket.lines
    )
    return attrs.evolve(order, basket=attrs.evolve(order.basket, lines=stocked))


def attempts(count: int, *, text: str = ID) -> list[PaymentFact]:
    return [
        attrs.evolve(
            fact(FactType.ATTEMPT_SUCCESS, "0.0001", attempt=f"{n:06}{text[6:]}"),
            attempt_id=text,
            payment_provider=text,
        )
        for n in range(count)
    ]


def event_of(order: Order, payment: PaymentFact) -> PaymentSuccess:
    (message,) = messages(order.record_payment(payment, at=minutes(5))[1], new_id=lambda _: ID)
    return paid_event(message)


def size(event: PaymentSuccess) -> int:
    return len(write_event(event))


def test_five_hundred_lines_with_ids_like_ours_take_a_quarter_of_what_fits() -> None:
    order = full_order(text=ID)
    check_events_fit(order, event_id=EventId(ID))
    event = event_of(order, paid_attempt("a1", 1_000_000))
    assert len(event.items) == len(event.stocks) == MAX_LINES
    assert 150_000 < size(event) < 250_000


def test_an_order_whose_lines_alone_fill_an_event_is_refused_before_anybody_pays() -> None:
    with pytest.raises(OrderTooLarge) as refused:
        check_events_fit(full_order(text=LONGEST), event_id=EventId(ID))
    assert refused.value.bytes_needed > 4_000_000


def test_attempts_that_do_not_fit_are_counted_and_the_money_is_told_in_full() -> None:
    early = attempts(900, text="x" * 400)
    order = checked_out(pho(2))
    known = attrs.evolve(order, ledger=Ledger(tuple(early)))
    event = event_of(known, paid_attempt("last", 130_000))
    assert size(event) <= LARGEST_EVENT_BYTES
    assert event.payment.paid == 130_000
    assert event.payment.is_fully_paid
    assert [attempt.uid for attempt in event.payment.attempts] == [a.attempt_uid for a in early][
        : len(event.payment.attempts)
    ]
    assert event.payment.attempts_omitted == 901 - len(event.payment.attempts) > 0
    assert event.payment.attempt is not None
    assert event.payment.attempt.uid == "last"


def test_an_order_may_need_its_limit_and_no_byte_more(monkeypatch: pytest.MonkeyPatch) -> None:
    order = checked_out(pho(2))
    monkeypatch.setattr(event_size, "LARGEST_ORDER_BYTES", 0)
    with pytest.raises(OrderTooLarge) as refused:
        check_events_fit(order, event_id=EventId(ID))
    needed = refused.value.bytes_needed

    monkeypatch.setattr(event_size, "LARGEST_ORDER_BYTES", needed)
    check_events_fit(order, event_id=EventId(ID))
    monkeypatch.setattr(event_size, "LARGEST_ORDER_BYTES", needed - 1)
    with pytest.raises(OrderTooLarge):
        check_events_fit(order, event_id=EventId(ID))


def test_an_event_lists_as_many_attempts_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    order = attrs.evolve(checked_out(pho(2)), ledger=Ledger(tuple(attempts(11))))
    whole = event_of(order, paid_attempt("last", 130_000))
    assert (len(whole.payment.attempts), whole.payment.attempts_omitted) == (12, None)

    def listed(within: int) -> int:
        monkeypatch.setattr(event_size, "LARGEST_EVENT_BYTES", within)
        event = event_of(order, paid_attempt("last", 130_000))
        assert size(event) <= within
        assert len(event.payment.attempts) + (event.payment.attempts_omitted or 0) == 12
        return len(event.payment.attempts)

    # Room is kept for a comma behind each, and for the count of those left out while that is all of them.
    bare = size(attrs.evolve(whole, payment=attrs.evolve(whole.payment, attempts=(), attempts_omitted=12)))
    each = size(attrs.evolve(whole, payment=attrs.evolve(whole.payment, attempts=whole.payment.attempts[:1])))
    each += 1 - size(attrs.evolve(whole, payment=attrs.evolve(whole.payment, attempts=())))
    assert listed(size(whole)) == 12
    assert listed(bare + 3 * each) == 3
    assert listed(bare + 3 * each - 1) == 2
    assert listed(bare) == 0


def test_the_largest_order_that_is_let_through_still_tells_the_longest_attempts() -> None:
    text = "x" * 310
    order = full_order(text=text)
    check_events_fit(order, event_id=EventId(ID))
    event = event_of(
        attrs.evolve(order, ledger=Ledger(tuple(attempts(50, text=LONGEST)))),
        attrs.evolve(paid_attempt(LONGEST, 1_000_000), attempt_id=LONGEST, payment_provider=LONGEST),
    )
    assert 850_000 < size(event) <= LARGEST_EVENT_BYTES
    assert len(event.payment.attempts) >= 10


def test_an_event_that_fits_says_nothing_of_omitted_attempts() -> None:
    event = event_of(checked_out(product("pho", 2)), paid_attempt("a1", 130_000))
    assert event.payment.attempts_omitted is None
    assert b"attemptsOmitted" not in write_event(event)


def test_ten_of_the_longest_attempts_fit_beside_the_largest_order() -> None:
    event = event_of(
        attrs.evolve(checked_out(pho(2)), ledger=Ledger(tuple(attempts(9, text=LONGEST)))),
        attrs.evolve(paid_attempt(LONGEST, 130_000), attempt_id=LONGEST, payment_provider=LONGEST),
    )
    assert len(event.payment.attempts) == 10
    longest_source = 2_000 * 11
    needed = size(event) - size(attrs.evolve(event, payment=attrs.evolve(event.payment, attempt=None, attempts=())))
    assert needed + longest_source <= LARGEST_EVENT_BYTES - LARGEST_ORDER_BYTES
