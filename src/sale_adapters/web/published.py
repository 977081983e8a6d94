"""What Sale has published, as it is now: HTTP with the webhook (C18, C19), Kafka (C20), and the stream (C21)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from sale_adapters.web.bounds import bounds_of
from sale_adapters.web.event_schemas import EventSchemas
from sale_adapters.web.openapi import openapi_document
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.web.schema import Schemas
from sale_adapters.web.stream.lines import PERMISSIONS
from sale_adapters.web.stream.messages import CLIENT_EVENTS, SERVER_EVENTS
from sale_adapters.web.surface import Fields, Part, Surface, kind_of, kinds_of, parts_of, resolved
from sale_adapters.wire.frames import Frame, SignalMessage
from sale_domain.events import EVENT_TYPES
from sale_domain.ledger import FactType

ANY = "any path"
"""The group of the problems that there are."""

WEBHOOK_EVENTS = "the webhook's event types"
"""The group of what mq-pay may tell; all else is ignored."""


def event_surface() -> Surface:
    """Return the surface of what goes to Kafka."""
    return Surface(told=_told(EVENT_TYPES))


def frame_surface() -> Surface:
    """Return the surface of what screens and signal are told, and of what screens say."""
    strict = Schemas()
    heard = {
        name: [*parts_of(strict.of(cls, strict=True), strict.components, path="")]
        for name, cls in CLIENT_EVENTS.items()
    }
    return Surface(
        told=_told({**dict.fromkeys(PERMISSIONS, Frame), **SERVER_EVENTS, "signal": SignalMessage}),
        heard={name: kinds_of(parts, strict.components, heard=True) for name, parts in heard.items()},
        bounds=_bounds(heard),
    )


def http_surface() -> Surface:
    """Return the surface of every operation: what it takes, what it answers, whom it asks for a permission."""
    return http_surface_of(openapi_document(OPERATIONS, version=""))


def http_surface_of(document: Mapping[str, Any]) -> Surface:
    """Return what an OpenAPI document promises."""
    known = document["components"]["schemas"]
    operations = {
        f"{method.upper()} {path}": described
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    }
    heard = {name: [*_asked(each, known)] for name, each in operations.items()}
    problems = {f"{problem['status']} {problem['code']}": "problem" for problem in document["x-problems"]}
    return Surface(
        told={ANY: problems, **{name: dict(_answered(each, known)) for name, each in operations.items()}},
        heard={
            **{name: kinds_of(parts, known, heard=True) for name, parts in heard.items()},
            WEBHOOK_EVENTS: {kind.value: "event?" for kind in FactType},
        },
        bounds=_bounds(heard),
    )


def _told(types: Mapping[str, type[Any]]) -> Mapping[str, Fields]:
    schemas = EventSchemas()
    return {
        name: kinds_of(parts_of(schemas.of(cls), schemas.components, path=""), schemas.components, heard=False)
        for name, cls in types.items()
    }


def _answered(described: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "permission", described.get("x-permission", "none")
    for status, answer in described["responses"].items():
        yield from ((f"{status} {code}", "problem") for code in answer.get("x-codes", ()))
        if "x-codes" in answer:
            continue
        yield from ((f"{status} {header}", "string") for header in answer["headers"])
        for media_type, content in answer["content"].items():
            yield f"{status} {media_type}", kind_of(content["schema"], known, heard=False)
            yield from kinds_of(parts_of(content["schema"], known, path=status), known, heard=False).items()


def _asked(described: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Part]:
    for parameter in described["parameters"]:
        schema = resolved(parameter["schema"], known)
        yield Part(f"{parameter['in']} {parameter['name']}", schema, not parameter.get("required"))
    if "requestBody" in described:
        body = described["requestBody"]
        schema = body["content"]["application/json"]["schema"]
        yield Part("body", resolved(schema, known), not body["required"])
        yield from parts_of(schema, known, path="body")


def _bounds(heard: Mapping[str, Sequence[Part]]) -> Mapping[str, Fields]:
    found = {
        name: dict(chain.from_iterable(bounds_of(part.path, part.schema) for part in parts))
        for name, parts in heard.items()
    }
    return {name: bounds for name, bounds in found.items() if bounds}
