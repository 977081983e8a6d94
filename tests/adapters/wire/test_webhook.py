"""The webhook's body, row by row of contract §6's table."""

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_adapters.wire import json
from sale_adapters.wire.refusals import InvalidInput
from sale_adapters.wire.webhook import Ignored, Reading, Verdict, read
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
ORDER = "01KE6YB4M0000000000000000126"
ATTEMPT: dict[str, Any] = {
    "id": 7,
    "uid": "attempt-7",
    "status": "SUCCESS",
    "amount": 65000,
    "paymentProvider": "VNPAY",
    "metadata": {"source": {"id": ORDER, "uid": "source-1", "type": "SaleOrder"}},
}
TRANSACTION: dict[str, Any] = {
    "id": "3",
    "uid": "transaction-3",
    "status": "SETTLED",
    "total": "130000.00",
    "paid": "130000",
    "sourceType": "SaleOrder",
    "sourceId": ORDER,
}


def event(kind: str, **payload: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return deepcopy(
        {"eventType": kind, "timestamp": 1767598200, "payload": {"timestamp": "2026-01-05T14:30:00+07:00", **payload}}
    )


def reading(body: Any, *, header: str | None = None) -> Reading:  # noqa: ANN401 - any JSON
    return read(body if isinstance(body, bytes) else json.write(body), header=header, received_at=NOW)


def verdict(body: Any, *, header: str | None = None) -> Verdict:  # noqa: ANN401 - any JSON
    return reading(body, header=header).verdict


def fact(body: Any, *, header: str | None = None) -> PaymentFact:  # noqa: ANN401 - any JSON
    found = verdict(body, header=header)
    assert isinstance(found, PaymentFact)
    return found


def pointer(body: Any, *, header: str | None = None) -> str:  # noqa: ANN401 - any JSON
    found = verdict(body, header=header)
    assert isinstance(found, InvalidInput)
    return found.errors[0].pointer


def put(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    *way, last = path.split("/")
    part = body
    for step in way:
        part = part[step]
    part[last] = value
    return body


def test_a_successful_attempt_is_a_fact_about_its_order() -> None:
    assert fact(event("mq-pay:attempt.success", attempt=ATTEMPT)) == PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=Source(type=SourceType.SALE_ORDER, id=ORDER),
        amount=Decimal(65000),
        attempt_uid="attempt-7",
        attempt_id="7",
        payment_provider="VNPAY",
        at=datetime(2026, 1, 5, 7, 30, tzinfo=UTC),
    )


def test_a_settled_transaction_is_worth_what_is_paid_of_it() -> None:
    assert fact(event("mq-pay:transaction.settled", transaction={**TRANSACTION, "paid": 65000.5})) == PaymentFact(
        type=FactType.TRANSACTION_SETTLED,
        source=Source(type=SourceType.SALE_ORDER, id=ORDER),
        amount=Decimal("65000.5"),
        transaction_uid="transaction-3",
        transaction_id="3",
        at=datetime(2026, 1, 5, 7, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize("kind", [kind.value for kind in FactType])
def test_both_uids_are_kept_whichever_of_the_two_the_event_is_about(kind: str) -> None:
    found = fact(event(kind, attempt=ATTEMPT, transaction=TRANSACTION))

    assert (found.type.value, found.attempt_uid, found.transaction_uid) == (kind, "attempt-7", "transaction-3")
    assert found.amount == (65000 if ".attempt." in f".{kind.partition(':')[2]}" else 130000)


def test_the_header_beats_the_body_and_the_type_beats_any_status_inside() -> None:
    body = event("mq-pay:attempt.failed", attempt={**ATTEMPT, "status": "FAILED"})

    assert fact(body, header="mq-pay:attempt.success").type is FactType.ATTEMPT_SUCCESS
    assert reading(body, header="mq-pay:attempt.success").event_type == "mq-pay:attempt.success"
    assert isinstance(verdict(body, header="mq-pay:attempt.opened"), Ignored)
    del body["eventType"]
    assert fact(body, header="mq-pay:attempt.success").amount == 65000


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"null", b'"x"', b"NaN", b"[" * 100_000, b'{"a":1,"a":2}'])
def test_what_is_no_json_object_is_refused_even_with_a_header(body: bytes) -> None:
    assert pointer(body) == ""
    assert pointer(body, header="mq-pay:attempt.success") == ""


@pytest.mark.parametrize("kind", [None, "", 5, [], {}])
def test_without_an_event_type_it_is_refused(kind: object) -> None:
    assert pointer({**event("", attempt=ATTEMPT), "eventType": kind}) == "/eventType"
    assert pointer({}) == "/eventType"


@pytest.mark.parametrize("kind", ["mq-pay:attempt.opened", "mq-pay:refund.success", "MQ-PAY:attempt.success", "x"])
def test_a_type_that_is_not_ours_is_ignored_whatever_else_is_wrong(kind: str) -> None:
    assert verdict({"eventType": kind, "payload": 5}) == Ignored()


def test_a_source_type_that_is_not_ours_is_ignored_whatever_else_is_wrong() -> None:
    for_invoice = {**TRANSACTION, "sourceType": "Invoice", "paid": "much"}

    assert verdict(event("mq-pay:transaction.settled", transaction=for_invoice)) == Ignored()
    assert verdict(event("mq-pay:attempt.success", transaction=for_invoice, attempt=ATTEMPT)) == Ignored()
    body = put(event("mq-pay:attempt.success", attempt=ATTEMPT), "payload/attempt/metadata/source/type", "Invoice")
    assert verdict(body) == Ignored()


@pytest.mark.parametrize("kind", [kind.value for kind in FactType])
def test_the_thing_that_the_type_names_must_be_there(kind: str) -> None:
    about_attempts = kind.startswith("mq-pay:attempt.")
    other = {"transaction": TRANSACTION} if about_attempts else {"attempt": ATTEMPT}
    missing = "/payload/attempt" if about_attempts else "/payload/transaction"

    assert pointer(event(kind, **other)) == missing
    assert pointer(put(event(kind, **other), missing[1:], None)) == missing
    assert pointer(put(event(kind, **other), missing[1:], [])) == missing


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("timestamp", "1767598200"),
        ("timestamp", True),
        ("payload/timestamp", 5),
        ("payload/attempt/id", None),
        ("payload/attempt/id", 1.5),
        ("payload/attempt/id", True),
        ("payload/attempt/uid", 7),
        ("payload/attempt/uid", ""),
        ("payload/attempt/uid", "x" * 501),
        ("payload/attempt/uid", "a\0b"),
        ("payload/attempt/status", 1),
        ("payload/attempt/amount", None),
        ("payload/attempt/amount", True),
        ("payload/attempt/amount", -1),
        ("payload/attempt/amount", "1e3"),
        ("payload/attempt/amount", "NaN"),
        ("payload/attempt/amount", "0.00001"),
        ("payload/attempt/amount", "100000000000"),
        ("payload/attempt/amount", []),
        ("payload/attempt/paymentProvider", {}),
        ("payload/transaction/id", []),
        ("payload/transaction/uid", None),
        ("payload/transaction/status", None),
        ("payload/transaction/total", "-0.0001"),
        ("payload/transaction/paid", "12,5"),
    ],
)
def test_a_required_field_of_the_wrong_kind_is_refused_at_its_pointer(path: str, wrong: object) -> None:
    for kind in ("mq-pay:attempt.success", "mq-pay:transaction.settled"):
        body = event(kind, attempt=ATTEMPT, transaction=TRANSACTION)
        assert pointer(put(body, path, wrong)) == f"/{path}"


@pytest.mark.parametrize(
    "path",
    ["timestamp", "payload/timestamp"]
    + [f"payload/attempt/{name}" for name in ("id", "uid", "status", "amount", "paymentProvider")]
    + [f"payload/transaction/{name}" for name in ("id", "uid", "status", "total", "paid")],
)
def test_a_required_field_that_is_missing_is_refused_at_its_pointer(path: str) -> None:
    body = event("mq-pay:attempt.success", attempt=ATTEMPT, transaction=TRANSACTION)
    *way, last = path.split("/")
    part = body
    for step in way:
        part = part[step]
    del part[last]

    assert pointer(body) == f"/{path}"


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"sourceId": ORDER},
        {"sourceType": "SaleOrder"},
        {"sourceType": "SaleOrder", "sourceId": ""},
        {"sourceType": "SaleOrder", "sourceId": 5},
        {"sourceType": "SaleOrder", "sourceId": "a\0b"},
        {"sourceType": None, "sourceId": ORDER},
        {"sourceType": 5, "sourceId": ORDER},
    ],
)
def test_money_whose_order_is_not_named_is_kept_for_a_person_to_look_at(named: dict[str, object]) -> None:
    anonymous = {name: value for name, value in TRANSACTION.items() if not name.startswith("source")}

    found = fact(event("mq-pay:transaction.settled", transaction={**anonymous, **named}))

    assert found.source == Source(type=SourceType.SALE_ORDER, id="")


def test_the_transactions_source_beats_the_attempts_which_helps_where_it_is_missing() -> None:
    check = {**TRANSACTION, "sourceType": "SaleCheck", "sourceId": "check-1"}
    nameless = {**TRANSACTION, "sourceId": None}

    both = fact(event("mq-pay:attempt.success", attempt=ATTEMPT, transaction=check))
    helped = fact(event("mq-pay:transaction.settled", attempt=ATTEMPT, transaction=nameless))

    assert both.source == Source(type=SourceType.SALE_CHECK, id="check-1")
    assert helped.source == Source(type=SourceType.SALE_ORDER, id=ORDER)


@pytest.mark.parametrize("metadata", [None, 5, [], "x", {"source": 5}, {"source": None}])
def test_metadata_of_any_shape_costs_no_money(metadata: object) -> None:
    body = event("mq-pay:attempt.success", attempt={**ATTEMPT, "metadata": metadata})

    assert fact(body).source.id == ""


def test_unknown_fields_are_not_looked_at() -> None:
    body = event("mq-pay:attempt.success", attempt={**ATTEMPT, "new": {"deep": [1]}, "reason": 7}, fee="\0")
    body["version"] = 2

    assert fact(body).amount == 65000
    assert fact(body).reason is None


def test_a_reason_is_kept_as_far_as_it_can_be_printed() -> None:
    body = event("mq-pay:attempt.failed", attempt={**ATTEMPT, "reason": "no\0funds " + "x" * 600})

    assert fact(body).reason == "no\N{REPLACEMENT CHARACTER}funds " + "x" * 491


@pytest.mark.parametrize("time", ["", "yesterday", "2026-01-05", "1767598200", "0001-01-01T00:00:00+14:00"])
def test_an_event_without_a_usable_time_happened_when_it_came(time: str) -> None:
    body = put(event("mq-pay:attempt.success", attempt=ATTEMPT), "payload/timestamp", time)

    assert fact(body).at == NOW


def test_the_event_type_for_the_log_can_always_be_stored() -> None:
    assert reading({"eventType": "a\0b" + "x" * 900}).event_type == "a\N{REPLACEMENT CHARACTER}b" + "x" * 497
    assert reading(b'{"eventType": "\\ud800"}').event_type == "\N{REPLACEMENT CHARACTER}"
    assert reading(b"", header="mq-pay:attempt.success").event_type == "mq-pay:attempt.success"
    assert reading(b"").event_type is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, places=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLACES = [
    "eventType",
    "timestamp",
    "payload",
    "payload/timestamp",
    "payload/attempt",
    "payload/attempt/id",
    "payload/attempt/uid",
    "payload/attempt/amount",
    "payload/attempt/reason",
    "payload/attempt/metadata",
    "payload/attempt/metadata/source",
    "payload/attempt/metadata/source/id",
    "payload/transaction",
    "payload/transaction/sourceType",
    "payload/transaction/sourceId",
    "payload/transaction/paid",
]


@given(place=st.sampled_from(PLACES), value=json_values, kind=st.sampled_from([kind.value for kind in FactType]))
def test_any_value_at_any_place_is_judged_and_what_is_kept_can_be_stored(place: str, value: Any, kind: str) -> None:  # noqa: ANN401
    body = put(event(kind, attempt=ATTEMPT, transaction=TRANSACTION), place, value)

    match verdict(body):
        case PaymentFact() as found:
            kept = "".join((*found.key, found.transaction_id or "", found.attempt_id or "", found.reason or ""))
            assert not {category(character) for character in kept} & {"Cc", "Cs"}
            assert found.amount >= 0
        case InvalidInput() as refused:
            assert refused.errors
        case other:
            assert other == Ignored()


@given(data=st.binary(max_size=300), header=st.none() | st.text(max_size=20))
def test_any_bytes_are_judged(data: bytes, header: str | None) -> None:
    assert isinstance(verdict(data, header=header), InvalidInput | Ignored)
