"""What others rely on stays: every kind of break is found, every kind of addition passes (C18, C19, C20, C21)."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from sale_adapters.web.openapi import openapi_document
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.web.published import event_surface, frame_surface, http_surface, http_surface_of
from sale_adapters.web.surface import Surface, breaches
from sale_adapters.wire import json as exact

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
DOCUMENT = json.loads(exact.write(openapi_document(OPERATIONS, version="1")))
ORDERS = "/v1/api/sale/sale-orders"
STATUSES = '"CANCELLED" | "COMPLETED" | "DRAFT" | "PARTIAL" | "PROCESSING"'
WITHOUT_PARTIAL = STATUSES.replace('"PARTIAL" | ', "")
Change = Callable[[Any], object]


def changed(change: Change) -> list[str]:
    """Return what a change of today's OpenAPI document breaks."""
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return breaches(http_surface_of(DOCUMENT), http_surface_of(document))


def operation(document: Any, method: str = "post", path: str = ORDERS) -> Any:  # noqa: ANN401 - a JSON document
    return document["paths"][path][method]


def schema(document: Any, name: str) -> Any:  # noqa: ANN401 - a JSON document
    return document["components"]["schemas"][name]


def body(document: Any, path: str) -> Any:  # noqa: ANN401 - a JSON document
    return operation(document, path=path)["requestBody"]["content"]["application/json"]["schema"]


def header(document: Any, name: str) -> Any:  # noqa: ANN401 - a JSON document
    return next(each["schema"] for each in operation(document)["parameters"] if each["name"] == name)


def rename(fields: Any, before: str, now: str) -> None:  # noqa: ANN401 - JSON
    fields[now] = fields.pop(before)


BREAKS: dict[str, tuple[Change, str]] = {
    "a route is gone": (lambda d: d["paths"].pop(ORDERS), f"POST {ORDERS} has disappeared."),
    "a method is gone": (lambda d: d["paths"][ORDERS].pop("get"), f"GET {ORDERS} has disappeared."),
    "another permission": (
        lambda d: operation(d).update({"x-permission": "SaleOrder.open"}),
        f"POST {ORDERS}: permission was SaleOrder.create and is SaleOrder.open now.",
    ),
    "a required field is added to a body": (
        lambda d: (
            schema(d, "NewOrder")["properties"].update(table={"type": "string"}),
            schema(d, "NewOrder")["required"].append("table"),
        ),
        f"POST {ORDERS}: body.table is required now.",
    ),
    "an optional field of a body becomes required": (
        lambda d: schema(d, "NewOrder")["required"].append("note"),
        f"POST {ORDERS}: body.note was null | string? and is null | string now.",
    ),
    "a body becomes required": (
        lambda d: operation(d, path=f"{ORDERS}/{{orderId}}/revert")["requestBody"].update(required=True),
        f"POST {ORDERS}/{{orderId}}/revert: body was object? and is object now.",
    ),
    "a field of a body is gone": (
        lambda d: schema(d, "Product")["properties"].pop("note"),
        f"POST {ORDERS}/{{orderId}}/items: body<Product>.note has disappeared, or has another name.",
    ),
    "a field of a body takes less": (
        lambda d: schema(d, "Custom")["properties"]["unitPrice"].update(type="number"),
        f"POST {ORDERS}: body.items[]<Custom>.unitPrice was number | string and is number now.",
    ),
    "a value of a query is gone": (
        lambda d: operation(d, "get")["parameters"][0]["schema"]["enum"].remove("PARTIAL"),
        f"GET {ORDERS}: query status was {STATUSES}? and is {WITHOUT_PARTIAL}? now.",
    ),
    "a variant of a body is gone": (
        lambda d: body(d, f"{ORDERS}/{{orderId}}/items")["oneOf"].pop(),
        f"POST {ORDERS}/{{orderId}}/items: body<Custom> has disappeared, or has another name.",
    ),
    "a header is required": (
        lambda d: operation(d)["parameters"].append(
            {"name": "X-Till", "in": "header", "required": True, "schema": {"type": "string"}}
        ),
        f"POST {ORDERS}: header X-Till is required now.",
    ),
    "a field of an answer is gone": (
        lambda d: schema(d, "Order")["properties"].pop("paid"),
        f"POST {ORDERS}: 201.paid has disappeared, or has another name.",
    ),
    "a field of an answer has another name": (
        lambda d: rename(schema(d, "Line")["properties"], "sentQuantity", "sent"),
        f"POST {ORDERS}: 201.items[].sentQuantity has disappeared, or has another name.",
    ),
    "a field of an answer has another type": (
        lambda d: schema(d, "Order")["properties"]["total"].update(type=["string", "null"]),
        f"POST {ORDERS}: 201.total was null | number and is null | string now.",
    ),
    "a field of an answer may be null": (
        lambda d: schema(d, "Order")["properties"]["version"].update(type=["integer", "null"]),
        f"POST {ORDERS}: 201.version was integer and is integer | null now.",
    ),
    "a field of an answer may be absent": (
        lambda d: schema(d, "Order")["required"].remove("status"),
        f"POST {ORDERS}: 201.status was string and is string? now.",
    ),
    "an answer has another status": (
        lambda d: rename(operation(d)["responses"], "201", "200"),
        f"POST {ORDERS}: 201.id has disappeared, or has another name.",
    ),
    "an answer's header is gone": (
        lambda d: operation(d)["responses"]["201"]["headers"].pop("ETag"),
        f"POST {ORDERS}: 201 ETag has disappeared, or has another name.",
    ),
    "a problem is gone from an operation": (
        lambda d: operation(d)["responses"]["422"]["x-codes"].remove("unknown-item"),
        f"POST {ORDERS}: 422 unknown-item has disappeared, or has another name.",
    ),
    "a problem is gone": (
        lambda d: d["x-problems"].pop(0),
        "any path: 500 internal-error has disappeared, or has another name.",
    ),
    "the webhook asks for more": (
        lambda d: schema(d, "PaymentAttemptForm")["required"].append("reason"),
        "POST /v1/api/sale/webhooks/payment: body.payload.attempt.reason was null | string? and is null | string now.",
    ),
    "a text may be only shorter": (
        lambda d: schema(d, "NewOrder")["properties"]["note"].update(maxLength=10),
        f"POST {ORDERS}: body.note had maxLength 500 and has 10 now.",
    ),
    "a text must be longer": (
        lambda d: schema(d, "NewOrder")["properties"]["note"].update(minLength=2),
        f"POST {ORDERS}: body.note had minLength 1 and has 2 now.",
    ),
    "a number gets a limit": (
        lambda d: schema(d, "Product")["properties"]["quantity"].update(maximum=1),
        f"POST {ORDERS}/{{orderId}}/items: body<Product>.quantity had maximum of no kind and has 1 now.",
    ),
    "what is left out means something else": (
        lambda d: schema(d, "Product")["properties"]["quantity"].update(default=2),
        f"POST {ORDERS}/{{orderId}}/items: body<Product>.quantity had default 1 and has 2 now.",
    ),
    "what may be left out means nothing any more": (
        lambda d: schema(d, "Product")["properties"]["quantity"].pop("default"),
        f"POST {ORDERS}/{{orderId}}/items: body<Product>.quantity had default 1 and has none now.",
    ),
    "a header must look otherwise": (
        lambda d: header(d, "Idempotency-Key").update(pattern="^[a-z]{1,5}$"),
        f'POST {ORDERS}: header Idempotency-Key had pattern "^[!-~]{{1,255}}$" and has "^[a-z]{{1,5}}$" now.',
    ),
}
ADDITIONS: dict[str, Change] = {
    "nothing": lambda _: None,
    "a route": lambda d: d["paths"].update({"/v1/api/sale/new": {"get": operation(d, "get")}}),
    "a field of an answer": lambda d: schema(d, "Order")["properties"].update(table={"type": "string"}),
    "an optional field of a body": lambda d: schema(d, "NewOrder")["properties"].update(table={"type": "string"}),
    "an optional object with required fields": lambda d: schema(d, "NewOrder")["properties"].update(
        guest={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    ),
    "a value of a query": lambda d: operation(d, "get")["parameters"][0]["schema"]["enum"].append("REFUNDED"),
    "a header that may be sent": lambda d: operation(d)["parameters"].append(
        {"name": "X-Till", "in": "header", "schema": {"type": "string"}}
    ),
    "a field of a body is no longer required": lambda d: schema(d, "NewOrder")["required"].clear(),
    "a field of an answer is never null": lambda d: schema(d, "Order")["properties"]["total"].update(type="number"),
    "a problem": lambda d: operation(d)["responses"]["422"]["x-codes"].append("shop-closed"),
    "a longer text": lambda d: schema(d, "NewOrder")["properties"]["note"].update(maxLength=1_000, minLength=0),
    "a text of any length": lambda d: schema(d, "NewOrder")["properties"]["note"].pop("maxLength"),
    "a header of any look": lambda d: header(d, "Idempotency-Key").pop("pattern"),
    "what is left out has a meaning now": lambda d: schema(d, "NewOrder")["properties"]["note"].update(default="-"),
    "a body takes more types": lambda d: schema(d, "NewOrder")["properties"]["saleChannelId"].update(
        type=["string", "integer"]
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_every_kind_of_break_of_http_is_found(name: str) -> None:
    change, sentence = BREAKS[name]
    assert sentence in changed(change)


@pytest.mark.parametrize("name", ADDITIONS)
def test_every_kind_of_addition_to_http_passes(name: str) -> None:
    assert changed(ADDITIONS[name]) == []


def test_an_event_type_of_the_webhook_that_is_no_longer_taken_is_a_break() -> None:
    now = http_surface()
    less = {
        group: {path: kind for path, kind in fields.items() if path != "mq-pay:attempt.expired"}
        for group, fields in now.heard.items()
    }
    assert breaches(now, attrs.evolve(now, heard=less)) == [
        "the webhook's event types: mq-pay:attempt.expired has disappeared, or has another name."
    ]


def test_what_screens_say_is_protected_like_any_body() -> None:
    now = frame_surface()
    asks = {**now.heard, "subscribe": {**now.heard["subscribe"], "tableId": "string"}}
    assert breaches(now, attrs.evolve(now, heard=asks)) == ["subscribe: tableId is required now."]


@pytest.mark.parametrize(
    ("name", "now"), [("http.json", http_surface()), ("events.json", event_surface()), ("frames.json", frame_surface())]
)
def test_nothing_that_is_stored_has_been_broken(name: str, now: Surface) -> None:
    stored = json.loads((REFERENCE / name).read_text())
    published = Surface(told=stored["told"], heard=stored.get("heard", {}), bounds=stored.get("bounds", {}))
    assert published.told
    assert breaches(published, now) == []
