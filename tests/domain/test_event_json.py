"""Events are written exactly and read back; what a later Sale adds is ignored, what is no event is said where."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_domain.announcements import messages
from sale_domain.event_json import UnreadableEvent
from sale_domain.events import (
    EVENT_TYPES,
    KITCHEN_ITEM_STATUS_CHANGED,
    PAYMENT_SUCCESS,
    Event,
    PaymentSuccess,
    read_event,
    write_event,
)
from sale_domain.ledger import FactType
from shop import A_CHECK, checked_out, combo, fact, minutes, paid_attempt, paid_event, pho, product

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
AMOUNTS = st.decimals(0, 99_999_999_999, places=4)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone comes right after

st.register_type_strategy(Decimal, AMOUNTS)
st.register_type_strategy(datetime, TIMES)
st.register_type_strategy(str, TEXTS)
EVENTS: st.SearchStrategy[Event] = st.one_of([st.from_type(kind) for kind in EVENT_TYPES.values()])
TOPICS = MappingProxyType({kind: topic for topic, kind in EVENT_TYPES.items()})


@pytest.fixture
def partial() -> PaymentSuccess:
    """Return what is told when 100 000 VND are paid of two bowls and a combo."""
    order = checked_out(pho(2), combo(1), product("tra-da", "0.5"))
    _, change = order.record_payment(paid_attempt("a1", 100_000), at=minutes(5))
    (message,) = messages(change, new_id=lambda _: "event-1")
    return paid_event(message)


@pytest.fixture
def in_saigon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the machine's own time be seven hours ahead of UTC."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "<+07>-7")
        time.tzset()
        yield
    time.tzset()


def form_of(event: Event) -> Any:  # noqa: ANN401 - JSON
    return json.loads(write_event(event))


def bytes_of(form: object) -> bytes:
    return json.dumps(form).encode()


@given(event=EVENTS)
def test_what_is_written_is_read_back_the_same(event: Event) -> None:
    assert read_event(TOPICS[type(event)], write_event(event)) == event


@given(event=EVENTS)
def test_any_json_reader_sees_the_same_amounts_and_texts(event: Event) -> None:
    seen = json.loads(write_event(event), parse_float=Decimal)
    if isinstance(event, PaymentSuccess):
        assert seen["payment"]["paid"] == event.payment.paid
        assert [row["quantity"] for row in seen["stocks"]] == [row.quantity for row in event.stocks]
    assert seen["merchantId"] == event.merchant_id


def test_amounts_are_plain_numbers_and_what_is_none_is_absent(partial: PaymentSuccess) -> None:
    written = write_event(partial)
    assert b'"paid":100000,' in written
    assert b'"quantity":0.5,' in written
    assert b"customerId" not in written
    assert b"null" not in written
    assert b"paidAt" in written
    assert b'"transition":1,' in written


@pytest.mark.usefixtures("in_saigon")
def test_times_are_told_and_read_in_utc_wherever_the_machine_stands(partial: PaymentSuccess) -> None:
    form = form_of(partial)
    assert form["payment"]["paidAt"] == "2026-01-05T07:35:00Z"

    form["payment"]["paidAt"] = "2026-01-05T16:35:00+09:00"
    again = read_event(PAYMENT_SUCCESS, bytes_of(form))
    assert isinstance(again, PaymentSuccess)
    assert (again, again.payment.paid_at.tzinfo) == (partial, UTC)


def test_a_fraction_that_no_binary_float_holds_stays_what_it_is(partial: PaymentSuccess) -> None:
    exact = attrs.evolve(partial, payment=attrs.evolve(partial.payment, paid=Decimal("99999999999.9999")))
    assert read_event(PAYMENT_SUCCESS, write_event(exact)) == exact


def test_fields_of_a_later_sale_are_ignored_wherever_they_are(partial: PaymentSuccess) -> None:
    form = form_of(partial)
    form["loyalty"] = {"points": 12}
    form["payment"]["tip"] = 5_000
    form["stocks"][0]["warehouse"] = None
    assert read_event(PAYMENT_SUCCESS, bytes_of(form)) == partial


def test_what_is_optional_may_also_be_null(partial: PaymentSuccess) -> None:
    form = form_of(partial)
    form["customerId"] = None
    assert read_event(PAYMENT_SUCCESS, bytes_of(form)) == partial


@pytest.mark.parametrize(
    ("pointer", "wrong", "sentence"),
    [
        ("/payment/paid", "100000", "/payment/paid must be a number."),
        ("/payment/paid", True, "/payment/paid must be a number."),
        ("/payment/isFullyPaid", 1, "/payment/isFullyPaid must be true or false."),
        ("/payment/paidAt", "yesterday", "/payment/paidAt must be a time."),
        ("/payment/paidAt", "2026-01-05T07:30:00", "/payment/paidAt must be a time with its offset."),
        ("/payment/paidAt", 5, "/payment/paidAt must be a time."),
        ("/payment/paidAt", "0001-01-01T00:00:00+14:00", "/payment/paidAt must be a time."),
        ("/transition", True, "/transition must be a whole number."),
        ("/transition", 1.5, "/transition must be a whole number."),
        ("/saleOrderId", 12, "/saleOrderId must be text."),
        ("/saleOrderId", None, "/saleOrderId must be text."),
        ("/saleOrderId", "\ud800", "/saleOrderId must be text of whole characters."),
        ("/stocks", {}, "/stocks must be a list."),
        ("/stocks/1", "stock-pho", "/stocks/1 must be an object."),
        ("/stocks/1/quantity", [], "/stocks/1/quantity must be a number."),
    ],
)
def test_a_value_of_another_type_is_refused_where_it_is(
    partial: PaymentSuccess, pointer: str, wrong: object, sentence: str
) -> None:
    form = form_of(partial)
    *way, last = [int(step) if step.isdigit() else step for step in pointer.split("/")[1:]]
    inside = form
    for step in way:
        inside = inside[step]
    inside[last] = wrong
    with pytest.raises(UnreadableEvent) as refused:
        read_event(PAYMENT_SUCCESS, bytes_of(form))
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "value", [b"", b"{", b"\xff", b"NaN", b"[" * 100_000, b'{"a": 1e99999999999999999999}', b"9" * 5_000]
)
def test_what_is_no_json_is_refused(value: bytes) -> None:
    with pytest.raises(UnreadableEvent, match=r"The event (is not JSON|must be an object)\."):
        read_event(PAYMENT_SUCCESS, value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_of_json_makes_it_no_json_even_where_nobody_looks(
    partial: PaymentSuccess, number: float
) -> None:
    with pytest.raises(UnreadableEvent, match=r"The event is not JSON\."):
        read_event(PAYMENT_SUCCESS, bytes_of(form_of(partial) | {"loyalty": number}))


def test_a_field_that_must_be_there_is_named_and_a_foreign_topic_too(partial: PaymentSuccess) -> None:
    with pytest.raises(UnreadableEvent, match=r"^/kitchenTicketId is missing\.$"):
        read_event(KITCHEN_ITEM_STATUS_CHANGED, write_event(partial))
    with pytest.raises(UnreadableEvent, match=r"^The event is of no topic of Sale's: 'material\.stock-changed'\.$"):
        read_event("material.stock-changed", write_event(partial))


def test_a_split_payment_names_what_each_part_is_for() -> None:
    told = fact(FactType.ATTEMPT_SUCCESS, 130_000, attempt="a1", source=A_CHECK)
    _, change = checked_out(pho(2)).record_payment(told, at=minutes(5))
    (message,) = messages(change, new_id=lambda _: "event-1")
    assert form_of(paid_event(message))["payment"]["attempt"]["finance"] == {
        "source": {"id": A_CHECK.id, "type": "SaleCheck"}
    }


def test_a_tombstone_is_no_event() -> None:
    with pytest.raises(UnreadableEvent, match=r"^The event has no value\.$"):
        read_event(PAYMENT_SUCCESS, None)
