"""What schemathesis cannot know of a shop: things that are there, and a check of its problems (its `hooks` setting)."""

import atexit
import json
import os
import random
import re
from collections import Counter, deque
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation

from sale_adapters.wire import scalars

TALLY = "SALE_FUZZ_TALLY"
"""Where to write what was answered: `{operation: {status: times}}`."""

_NEW_EVERY, _LIVELY, _SOME = 12, 3, 4
_KNOWN = {
    "itemId": ("variant-pho", "variant-tra-da", "variant-banh-mi", "variant-combo-sang"),
    "saleChannelId": ("channel-vnd", "channel-usd"),
    "currency": ("VND", "USD"),
    "sourceType": ("SaleOrder", "SaleCheck"),
    "type": ("SaleOrder", "SaleCheck"),
    "eventType": ("mq-pay:attempt.success", "mq-pay:transaction.settled", "mq-pay:attempt.failed"),
}
_GUESSED = {"expectedTotal", "exchangeRate"}
"""Refused unless they are right, which no schema can say."""
_OF_THE_PLACE = {"saleOrderItemId": "itemId", "sourceId": "orderId"}

_STEPS = {"cook": 0, "finish": 1, "serve": 2, "recall": 2}
"""How far a portion is when it can take that step."""

_answered: dict[str, Counter[int]] = {}
_served: set[str] = set()
_places: deque[dict[str, str]] = deque(maxlen=_LIVELY)
_chance = random.Random(1)  # noqa: S311 - a choice of tests, to be repeated
_numbers = count(1)


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, object]) -> None:
    """Send most of what is valid to things that are there, with a key that is new and the version that they have."""
    number = next(_numbers)
    # Who has never been served is given all that it takes, or chance would say whether it ever is.
    eased = case.operation.label not in _served and _is_all_valid(case)
    if eased or number % _NEW_EVERY == 1:
        steps = _STEPS.get(case.operation.label.rpartition("/")[2]) if eased else None
        _places.append(_new_place(case.operation.schema.location, number, steps=steps))
    place = _places[-1] if eased else _chance.choice(_places)
    if _is_valid(case, ParameterLocation.PATH) and case.path_parameters and (eased or number % _SOME):
        case.path_parameters = {name: place[name] for name in case.path_parameters}
    if _is_valid(case, ParameterLocation.QUERY) and (case.query or {}).get("cursor") is not None:
        # Which cursors were told, no schema can say.
        case.query = {name: value for name, value in case.query.items() if name != "cursor"}
    if case.headers:
        case.headers.update(_with_headers_of(place, case, number, eased=eased))
    if _is_valid(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        case.body = _known(case.body, place, eased=eased)


@schemathesis.hook
def after_call(_context: HookContext, case: Case[Any], response: Response) -> None:
    """Count the answer, and remember the version that it shows."""
    _answered.setdefault(case.operation.label, Counter())[response.status_code] += 1
    if response.status_code < httpx.codes.MULTIPLE_CHOICES:
        _served.add(case.operation.label)


@schemathesis.check
def problems_are_documented(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Look at the problem itself: its status, its request id, and whether the document names its code there."""
    if not response.headers.get("content-type", [""])[0].startswith("application/problem+json"):
        return
    problem = response.json()
    # A repeated answer is the first one, with the request id that it had.
    same = "idempotency-replayed" in response.headers or response.headers["x-request-id"] == [problem["requestId"]]
    if problem["status"] != response.status_code or not same:
        raise Failure(operation=case.operation.label, title="A problem tells another status or request", message="")
    described = case.operation.definition.raw["responses"].get(str(response.status_code))
    if case.method.upper() == case.operation.method.upper() and problem["code"] not in described["x-codes"]:
        raise Failure(operation=case.operation.label, title="An undocumented problem", message=problem["code"])


def _is_all_valid(case: Case[Any]) -> bool:
    assert case.meta is not None, "it was generated"
    return all(component.mode.is_positive for component in case.meta.components.values())


def _is_valid(case: Case[Any], location: ParameterLocation) -> bool:
    assert case.meta is not None, "it was generated"
    component = case.meta.components.get(location)
    return component is not None and component.mode.is_positive


def _with_headers_of(place: dict[str, str], case: Case[Any], number: int, *, eased: bool) -> dict[str, str]:
    """Return headers with a key that nobody had, or a valid request's answer would be repeated to an invalid one."""
    headers, valid = dict(case.headers), _is_valid(case, ParameterLocation.HEADER)
    if re.fullmatch("[!-~]{1,255}", str(headers.get("Idempotency-Key", ""))) and (number % _SOME or not valid):
        headers["Idempotency-Key"] = f"key-{number}"
    if "x-merchant-id" in headers and valid:
        headers["x-merchant-id"] = "merchant-1"
    if "If-Match" in headers and valid and (eased or number % _SOME):
        headers["If-Match"] = "*" if eased else _chance.choice(("*", place["version"]))
    return headers


def _known(value: Any, place: dict[str, str], name: str = "", *, eased: bool) -> Any:  # noqa: ANN401 - JSON
    """Return a body that speaks of what there is, most of the time."""
    strays = not eased and not _chance.randrange(_SOME)
    if isinstance(value, dict):
        if value.get("components"):
            # How much two fields are together, no schema can say.
            value = value | {"quantity": 1}
        kept = value if strays else value.keys() - _GUESSED
        return {field: _known(part, place, field, eased=eased) for field, part in value.items() if field in kept}
    if isinstance(value, list):
        return [_known(part, place, name, eased=eased) for part in value]
    if isinstance(value, float):
        # Python writes a multiple of 0.0001 with the errors of binary fractions.
        return round(value, 4) or 1
    if isinstance(value, str):
        value = _legible(value)
    if value is None or strays:
        return value
    if name in _OF_THE_PLACE:
        return place[_OF_THE_PLACE[name]]
    return _chance.choice(_KNOWN.get(name, (value,)))


def _legible(text: str) -> str:
    """Return a text with something to be seen, which no pattern says that is short enough to be read."""
    try:
        return scalars.legible(text)
    except ValueError:
        return f"{text[1:]}."


def _new_place(document: str, number: int, *, steps: int | None) -> dict[str, str]:
    """Open an order with a line and a table, another with a ticket, and let some time pass for them."""
    headers = {"authorization": "Bearer lan", "x-merchant-id": "merchant-1"}
    with httpx.Client(base_url=document.removesuffix("/doc/openapi.json"), headers=headers) as lan:

        def post(path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
            answer = lan.post(path, json=body)
            assert answer.is_success, answer.text
            return answer.json()

        items = [{"itemId": "variant-pho", "quantity": 3}]
        # What the kitchen has cannot be deleted: it has another order.
        order, cooked = (post("/sale-orders", saleChannelId="channel-vnd", items=items) for _ in "12")
        whole = f"/sale-orders/{order['id']}"
        (usage,) = post(f"{whole}/allocations", unitIds=[f"table-{number}"])["usages"]
        (ticket,) = post(f"/sale-orders/{cooked['id']}/kitchen-tickets")["tickets"]
        (portion,) = ticket["items"]
        for action in ("cook", "finish")[: _chance.randrange(3) if steps is None else steps]:
            post(f"/kitchen-ticket-items/{portion['id']}/{action}")
        if steps is None and _chance.randrange(2):
            post(f"{whole}/checkout")
    return {
        "orderId": order["id"],
        "itemId": order["items"][0]["id"],
        "usageId": usage["id"],
        "ticketId": ticket["id"],
        "ticketItemId": portion["id"],
        "version": '"1"',
    }


@atexit.register
def _tell() -> None:
    if path := os.environ.get(TALLY):
        Path(path).write_text(json.dumps(_answered), encoding="utf-8")
