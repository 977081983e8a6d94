"""The published surface of events and frames as flat lists, and what may not happen to it.

Fields are only ever added (C20, C21).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sale_adapters.web.event_schemas import EventSchemas
from sale_adapters.web.stream.lines import PERMISSIONS
from sale_adapters.web.stream.messages import SERVER_EVENTS
from sale_adapters.wire.frames import Frame, SignalMessage
from sale_domain.events import EVENT_TYPES

Surface = Mapping[str, Mapping[str, str]]
"""Per topic or message, every field's path with its type; a question mark says that the field may be absent."""


def event_surface() -> Surface:
    """Return the surface of what goes to Kafka as it is now."""
    return _surface(EVENT_TYPES)


def frame_surface() -> Surface:
    """Return the surface of what goes to screens and to signal as it is now."""
    return _surface({**dict.fromkeys(PERMISSIONS, Frame), **SERVER_EVENTS, "signal": SignalMessage})


def _surface(types: Mapping[str, type[Any]]) -> Surface:
    schemas = EventSchemas()
    found = {}
    for topic, cls in types.items():
        schema = schemas.of(cls)
        found[topic] = dict(_fields(schema, schemas.components, path=""))
    return found


def breaches(published: Surface, now: Surface) -> list[str]:
    """Return a sentence for everything that was published once and is not so any more."""
    found = []
    for topic, fields in published.items():
        if topic not in now:
            found.append(f"The topic {topic} has disappeared.")
            continue
        for path, kind in fields.items():
            here = now[topic].get(path)
            if here is None:
                found.append(f"{topic}: {path} has disappeared, or has another name.")
            elif here not in {kind, kind.removesuffix("?")}:
                found.append(f"{topic}: {path} was {kind} and is {here} now.")
    return found


def _fields(schema: Mapping[str, Any], known: Mapping[str, Any], *, path: str) -> Iterator[tuple[str, str]]:
    schema = _resolved(schema, known)
    for name, part in schema.get("properties", {}).items():
        below = f"{path}.{name}" if path else name
        resolved = _resolved(part, known)
        kind = resolved["type"] if "format" not in resolved else f"{resolved['type']} ({resolved['format']})"
        yield below, kind if name in schema["required"] else f"{kind}?"
        if kind == "array":
            element = _resolved(resolved["items"], known)
            yield f"{below}[]", element["type"]
            yield from _fields(element, known, path=f"{below}[]")
        else:
            yield from _fields(resolved, known, path=below)


def _resolved(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    return schema if reference is None else known[reference.rpartition("/")[2]]
