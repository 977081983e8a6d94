"""Refusals as problems: the right status, what is needed to act on them, and nothing that RFC 9457 means otherwise."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest

from sale_adapters.wire import json
from sale_adapters.wire.problems import BUG, Problem, problem_json, problem_of
from sale_adapters.wire.refusals import BodyTooLarge, FieldError, InvalidInput, MethodNotAllowed
from sale_domain import allocation_errors, errors, kitchen_errors, order_errors, port_errors
from sale_domain.errors import SaleError
from sale_domain.money import Currency, Money
from sale_domain.ports.answers import AlreadyAnswered

VND = Currency("VND")
EXAMPLES: list[tuple[SaleError, int, dict[str, Any]]] = [
    (errors.NotFound(thing="order"), 404, {}),
    (
        errors.Invalid(pointer="/quantity", detail="too fine"),
        400,
        {"errors": [{"pointer": "/quantity", "detail": "too fine"}]},
    ),
    (
        InvalidInput(errors=(FieldError(pointer="/a", detail="x"), FieldError(pointer="/b", detail="y"))),
        400,
        {"errors": [{"pointer": "/a", "detail": "x"}, {"pointer": "/b", "detail": "y"}]},
    ),
    (order_errors.UnknownItem(item_id="variant-x"), 422, {"itemId": "variant-x"}),
    (order_errors.UnknownSaleChannel(sale_channel_id="channel-x"), 422, {"saleChannelId": "channel-x"}),
    (order_errors.TooManyLines(limit=500), 422, {"limit": 500}),
    (order_errors.EmptyOrder(), 422, {}),
    (
        order_errors.ExchangeRateRequired(order_currency="USD", channel_currency="VND"),
        422,
        {"orderCurrency": "USD", "channelCurrency": "VND"},
    ),
    (order_errors.ExchangeRateNotNeeded(currency="VND"), 422, {"currency": "VND"}),
    (
        port_errors.SisterRefused(sister="pricing", status=400, reason="no fare"),
        422,
        {"sister": "pricing", "sisterStatus": 400, "reason": "no fare"},
    ),
    (
        errors.IllegalTransition(status="COMPLETED", action="checkout"),
        409,
        {
            "currentStatus": "COMPLETED",
            "action": "checkout",
            "illegalTransition": {"status": "COMPLETED", "action": "checkout"},
        },
    ),
    (order_errors.ComboChild(line_id="child", lead_id="lead"), 409, {"lineId": "child", "leadItemId": "lead"}),
    (order_errors.AlreadySent(line_id="line"), 409, {"lineId": "line"}),
    (
        order_errors.PriceChanged(expected=Money(Decimal(130_000), VND), actual=Money(Decimal("140000.5"), VND)),
        409,
        {"expectedTotal": 130000, "actualTotal": Decimal("140000.5"), "currency": "VND"},
    ),
    (errors.StaleVersion(expected=2, actual=3), 412, {"expectedVersion": 2, "actualVersion": 3}),
    (order_errors.AmountTooLarge(), 422, {}),
    (
        order_errors.OrderTooLarge(bytes_needed=900_001, limit=900_000),
        422,
        {"bytesNeeded": 900_001, "limit": 900_000},
    ),
    (
        kitchen_errors.NotSendable(pointer="/items/0/saleOrderItemId", detail="unknown"),
        422,
        {"errors": [{"pointer": "/items/0/saleOrderItemId", "detail": "unknown"}]},
    ),
    (
        kitchen_errors.StationsOverlap(pointer="/stations/1/id", detail="twice"),
        422,
        {"errors": [{"pointer": "/stations/1/id", "detail": "twice"}]},
    ),
    (kitchen_errors.TooManyKitchenItems(limit=2_000), 422, {"limit": 2_000}),
    (allocation_errors.TooManyUnits(limit=100), 422, {"limit": 100}),
    (kitchen_errors.NothingToSend(), 409, {}),
    (
        kitchen_errors.MoreThanOrdered(
            line_id="line", ordered=Decimal("3.0000"), sent=Decimal("2.5000"), asked=Decimal(2), place=1
        ),
        409,
        {
            "lineId": "line",
            "ordered": 3,
            "sent": Decimal("2.5"),
            "asked": 2,
            "errors": [
                {
                    "pointer": "/items/1/quantity",
                    "detail": "Of this line 3 are ordered, the kitchen has 2.5 of them, and 2 are asked for.",
                }
            ],
        },
    ),
    (order_errors.OrderChanged(), 409, {}),
    (port_errors.KeyReused(), 422, {}),
    (port_errors.KeyInUse(), 409, {}),
    (port_errors.SisterUnavailable(sister="pricing", reason="it answered 500"), 503, {"sister": "pricing"}),
    (port_errors.EventTooLarge(topic="payment.success", size=1_000_001, limit=1_000_000), 503, {}),
    (port_errors.StoreUnavailable(reason="host db-7 refused"), 503, {}),
    (port_errors.StoreBusy(reason="lock timeout"), 503, {}),
    (port_errors.Unauthenticated(reason="no token"), 401, {}),
    (port_errors.Forbidden(reason="no role allows it"), 403, {}),
    (BodyTooLarge(limit=1024, start=b"secret"), 413, {"limit": 1024}),
    (MethodNotAllowed(allowed=("GET", "HEAD")), 405, {}),
]
KINDS = (errors.SaleError, errors.Rejected, errors.Conflict, errors.Unavailable)


@pytest.mark.parametrize(("error", "status", "members"), EXAMPLES, ids=[error.code for error, _, _ in EXAMPLES])
def test_every_refusal_has_its_status_and_its_members(error: SaleError, status: int, members: dict[str, Any]) -> None:
    problem: Any = json.read(problem_json(problem_of(error), request_id="request-1"))

    common = {name: problem.pop(name) for name in ("type", "title", "status", "detail", "code", "requestId")}
    assert problem == members
    assert common["status"] == status
    assert common["code"] == error.code
    assert common["type"] == f"/v1/api/sale/doc#{error.code}"
    assert common["requestId"] == "request-1"
    assert common["title"]
    assert common["detail"]


def test_no_outcome_of_the_domain_is_forgotten_here() -> None:
    shown = {type(error) for error, _, _ in EXAMPLES}
    homes = {errors.__name__, kitchen_errors.__name__}
    known = {kind for kind in _descendants(SaleError) if kind.__module__ in homes}

    assert known - shown - set(KINDS) == set()
    assert AlreadyAnswered not in shown, "it is an answer, not a refusal"


def test_an_error_with_fields_tells_them_all_or_keeps_them_for_the_log() -> None:
    kept_back = {
        "event-too-large",
        "forbidden",
        "method-not-allowed",
        "not-found",
        "store-unavailable",
        "unauthenticated",
    }
    told = {error.code for error, _, members in EXAMPLES if members}

    assert {error.code for error, _, _ in EXAMPLES if attrs.fields(type(error))} - told == kept_back


def test_codes_are_stable_words() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code) for error, _, _ in EXAMPLES)


def test_headers_say_how_to_go_on() -> None:
    assert dict(problem_of(port_errors.Unauthenticated(reason="no token")).headers) == {
        "www-authenticate": 'Bearer realm="sale"'
    }
    assert dict(problem_of(port_errors.StoreUnavailable(reason="x")).headers) == {"retry-after": "1"}
    assert dict(problem_of(MethodNotAllowed(allowed=("GET", "HEAD"))).headers) == {"allow": "GET, HEAD"}


def test_neither_the_database_nor_a_bug_nor_a_body_nor_a_sister_tells_of_itself() -> None:
    sister = problem_of(
        port_errors.SisterUnavailable(sister="pricing", reason="it answered 401", words="key k-7 is old")
    )
    assert sister.detail == "pricing is not available: it answered 401"
    for problem in (problem_of(port_errors.StoreUnavailable(reason="host db-7 refused")), BUG):
        assert b"db-7" not in problem_json(problem, request_id=None)
    assert b"secret" not in problem_json(problem_of(BodyTooLarge(limit=1, start=b"secret")), request_id=None)


def test_no_problem_gives_a_common_member_another_meaning() -> None:
    reserved = {"type", "title", "status", "detail", "instance", "code", "requestId"}
    problems: list[Problem] = [problem_of(error) for error, _, _ in EXAMPLES]

    assert not any(reserved & set(problem.members) for problem in problems)


def _descendants(kind: type[SaleError]) -> Iterator[type[SaleError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)
