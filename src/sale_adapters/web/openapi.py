"""The OpenAPI 3.1 document, made from the operations and their types."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from sale_adapters.web.access import Public
from sale_adapters.web.calls import VERSION
from sale_adapters.web.examples import answer_examples
from sale_adapters.web.path_names import named_in
from sale_adapters.web.problem_examples import problem_examples
from sale_adapters.web.routing import Operation
from sale_adapters.web.schema import ANY_OBJECT, Schemas, explained, meanings, purpose, wire_name
from sale_adapters.wire.allocations import UsageBody, UsageListBody
from sale_adapters.wire.kitchen import StationsBody, TicketBody, TicketListBody
from sale_adapters.wire.order_history import HistoryBody
from sale_adapters.wire.orders import OrderBody, OrderListBody
from sale_adapters.wire.parsing import variants_of
from sale_adapters.wire.places import BASE
from sale_adapters.wire.problems import BUG, MEDIA_TYPE, status_of, title_of
from sale_adapters.wire.refusals import (
    BodyTooLarge,
    HeadersTooLarge,
    InvalidInput,
    MethodNotAllowed,
    TookTooLong,
    TooManyRequests,
    UrlTooLong,
)
from sale_adapters.wire.signatures import ID, SIGNATURE, TIMESTAMP
from sale_domain import errors, port_errors
from sale_domain.documents import Json, JsonObject

_ANYWHERE = (InvalidInput, BodyTooLarge, UrlTooLong, HeadersTooLarge, TookTooLong)
_SECURED = (
    port_errors.Unauthenticated,
    port_errors.Forbidden,
    TooManyRequests,
    port_errors.SisterUnavailable,
    port_errors.StoreUnavailable,
)
_REPEATABLE = (port_errors.KeyReused, port_errors.KeyInUse)

_PROBLEM: JsonObject = {
    "type": "object",
    "description": "RFC 9457; some codes add members of their own.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Where the code is explained."},
        "title": {"type": "string", "description": "The code in words, the same each time."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What happened this time, for people."},
        "code": {"type": "string", "description": "What happened, for programs; see x-problems."},
        "requestId": {"type": ["string", "null"], "description": "The answer's X-Request-Id: the logs know it."},
        "errors": {
            "type": "array",
            "description": "What is wrong with the request, field by field.",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["pointer", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code", "requestId"],
}
_HEADERS: Mapping[str, JsonObject] = {
    "merchant": {
        "name": "x-merchant-id",
        "in": "header",
        "required": True,
        "description": "The active merchant; one of the token's.",
        "schema": {"type": "string", "minLength": 1},
        "example": "merchant-1",
    },
    "request": {
        "name": "X-Request-Id",
        "in": "header",
        "description": "Taken or made, returned, logged, and sent to every sister.",
        "schema": {"type": "string"},
    },
    "key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "An equal request within 24 hours gets the first one's answer, with Idempotency-Replayed.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    "match": {
        "name": "If-Match",
        "in": "header",
        "description": "The version that was seen; 412 when it is not the present one.",
        "schema": {"type": "string", "pattern": f"^({VERSION}|\\*)$"},
        "example": '"3"',
    },
    "event": {
        "name": "X-Webhook-Event-Type",
        "in": "header",
        "description": "Beats the body's eventType; not read where webhooks have to be signed.",
        "schema": {"type": "string"},
    },
    "signature": {
        "name": SIGNATURE,
        "in": "header",
        "description": f"Standard Webhooks, with `{ID}` and `{TIMESTAMP}`; needed where SALE_WEBHOOK_SECRETS is set.",
        "schema": {"type": "string"},
    },
}
_CREATED = 201
_OF_THE_FEED = (OrderBody, OrderListBody, HistoryBody, TicketBody, TicketListBody, UsageListBody)
_TOLD = {
    "X-Request-Id": "The request's id.",
    "ETag": "The version of what is shown, for If-Match.",
    "Location": "Where the new order is.",
    "X-Feed-Seq": "The merchant's feed number that the answer is true for.",
}


def openapi_document(operations: Sequence[Operation], *, version: str) -> JsonObject:
    """Describe operations: permission, parameters, bodies, answers, problem codes, an example each."""
    schemas = Schemas()
    schemas.components["Problem"] = _PROBLEM
    examples = answer_examples()
    paths: dict[str, dict[str, Json]] = {}
    for operation in operations:
        described = _operation(operation, schemas, examples)
        paths.setdefault(BASE + operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sale", "version": version, "description": "The order service of a point-of-sale platform."},
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "examples": problem_examples(kind for operation in operations for kind in refusals_of(operation)),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "x-problems": _problems(operations),
    }


def refusals_of(operation: Operation) -> tuple[type[errors.SaleError], ...]:
    """Return every way in which an operation can refuse, common ones included."""
    found: list[type[errors.SaleError]] = [*operation.refuses, *_ANYWHERE]
    if not isinstance(operation.access, Public):
        found += _SECURED
        if operation.method == "POST":
            found += _REPEATABLE
    if operation.changes:
        found.append(errors.StaleVersion)
    return tuple(sorted(set(found), key=lambda kind: (status_of(kind), kind.code)))


def _operation(operation: Operation, schemas: Schemas, examples: Mapping[type, Json]) -> JsonObject:
    described: dict[str, Json] = {
        "operationId": operation.name,
        "tags": [operation.name.partition(".")[0]],
        "summary": operation.summary,
        "parameters": _parameters(operation, schemas),
        "responses": {
            **{
                str(status): {**_answer(kind, schemas, examples), "headers": _answer_headers(operation, kind)}
                for status, kind in operation.answers.items()
            },
            **_refusals(refusals_of(operation)),
        },
    }
    if isinstance(operation.access, Public):
        described["security"] = []
    else:
        described |= {"security": [{"bearer": []}], "x-permission": operation.access.value}
    if operation.examples:
        described["requestBody"] = _body(operation, schemas)
    return described


def _parameters(operation: Operation, schemas: Schemas) -> list[Json]:
    found: list[Json] = [
        {"name": name, "in": "path", "required": True, "description": named.meaning, "schema": {"type": "string"}}
        for name, named in named_in(operation.path).items()
    ]
    if operation.query is not None:
        meant = meanings(operation.query)
        found += [explained(_query(field, schemas), meant.get(field.name)) for field in attrs.fields(operation.query)]
    names = ["request"]
    if not isinstance(operation.access, Public):
        names += ["merchant", *(["key"] if operation.method == "POST" else []), *(["match"] * bool(operation.changes))]
    elif operation.examples:
        names += ["event", "signature"]
    return [*found, *(_HEADERS[name] for name in names)]


def _query(field: "attrs.Attribute[Any]", schemas: Schemas) -> JsonObject:
    default = {"default": field.default} if field.default is not None else {}
    kind = next((known for known in getattr(field.type, "__args__", ()) if known is not type(None)), field.type)
    return {"name": wire_name(field), "in": "query", "schema": {**schemas.of(kind, strict=True), **default}}


def _body(operation: Operation, schemas: Schemas) -> JsonObject:
    # The webhook's sender may know fields that nobody here does (C19).
    schema = schemas.of(operation.body, strict=not isinstance(operation.access, Public))
    shown = {str(n): {"value": example} for n, example in enumerate(operation.examples, start=1)}
    content: JsonObject = {"application/json": {"schema": schema, "examples": shown}}
    kinds: Iterable[Any] = variants_of(operation.body).values() or (operation.body,)
    required = all(any(field.default is attrs.NOTHING for field in attrs.fields(kind)) for kind in kinds)
    return {"required": required, "content": content}


def _answer(kind: type | str, schemas: Schemas, examples: Mapping[type, Json]) -> JsonObject:
    if isinstance(kind, str):
        schema: JsonObject = ANY_OBJECT if kind == "application/json" else {"type": "string"}
        return {"description": "As the summary says.", "content": {kind: {"schema": schema}}}
    if kind not in examples:
        raise ValueError(f"{kind.__name__} has no example: see answer_examples (src/sale_adapters/web/examples.py)")
    content: JsonObject = {"schema": schemas.of(kind, strict=False), "example": examples[kind]}
    return {"description": purpose(kind), "content": {"application/json": content}}


def _answer_headers(operation: Operation, kind: type | str) -> JsonObject:
    told = ["X-Request-Id"]
    told += ["ETag"] * (kind in (OrderBody, TicketBody, StationsBody, UsageBody))
    told += ["Location"] * (_CREATED in operation.answers and not operation.changes)
    told += ["X-Feed-Seq"] * (operation.method == "GET" and kind in _OF_THE_FEED)
    return {name: {"description": _TOLD[name], "schema": {"type": "string"}} for name in told}


def _refusals(kinds: Iterable[type[errors.SaleError]]) -> dict[str, Json]:
    by_status: dict[int, list[str]] = {}
    for kind in kinds:
        by_status.setdefault(status_of(kind), []).append(kind.code)
    return {
        str(status): {
            "description": ", ".join(codes),
            "x-codes": codes,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
                }
            },
        }
        for status, codes in by_status.items()
    }


def _problems(operations: Iterable[Operation]) -> list[Json]:
    kinds = {kind.code: kind for operation in operations for kind in refusals_of(operation)}
    # Any path can answer these.
    kinds[MethodNotAllowed.code] = MethodNotAllowed
    bug: JsonObject = {"code": BUG.code, "status": BUG.status, "title": BUG.title, "description": BUG.detail}
    return [bug, *(_problem(kinds[code]) for code in sorted(kinds))]


def _problem(kind: type[errors.SaleError]) -> JsonObject:
    return {
        "code": kind.code,
        "status": status_of(kind),
        "title": title_of(kind.code),
        "description": (kind.__doc__ or "").strip().splitlines()[0],
    }
