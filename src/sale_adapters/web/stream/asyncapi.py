"""What AsyncAPI says of the live stream and of what signal is told, made from the messages' types (C21)."""

from sale_adapters.web.event_schemas import EventSchemas
from sale_adapters.web.schema import Schemas
from sale_adapters.web.stream.conversation import CODES
from sale_adapters.web.stream.examples import stream_examples
from sale_adapters.web.stream.lines import ACTIONS
from sale_adapters.web.stream.messages import CLIENT_EVENTS, SERVER_EVENTS
from sale_adapters.wire.frames import Frame, SignalMessage
from sale_adapters.wire.places import STREAM
from sale_domain.documents import Json, JsonObject

_CODES = " ".join(f"{code}: {meaning}" for code, meaning in sorted(CODES.items()))
_ACTIONS = "; ".join(f"`{topic}`: {', '.join(actions)}" for topic, actions in ACTIONS.items())

CHANNELS: JsonObject = {
    "stream": {
        "address": STREAM,
        "description": "A WebSocket: authenticate within 5 s, subscribe, and see every committed change once. "
        f"Close codes: {_CODES}",
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"}
            for name in ("frame", *SERVER_EVENTS, *(f"client.{name}" for name in CLIENT_EVENTS))
        },
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    },
    "signal": {
        "address": "signal",
        "description": "A Redis pub/sub channel, called as SALE_SIGNAL_CHANNEL says; best effort.",
        "messages": {"signal": {"$ref": "#/components/messages/signal"}},
    },
}

OPERATIONS: JsonObject = {
    "send.stream": {
        "action": "send",
        "channel": {"$ref": "#/channels/stream"},
        "messages": [{"$ref": f"#/channels/stream/messages/{name}"} for name in ("frame", *SERVER_EVENTS)],
    },
    "receive.stream": {
        "action": "receive",
        "channel": {"$ref": "#/channels/stream"},
        "messages": [{"$ref": f"#/channels/stream/messages/client.{name}"} for name in CLIENT_EVENTS],
    },
    "send.signal": {
        "action": "send",
        "channel": {"$ref": "#/channels/signal"},
        "messages": [{"$ref": "#/channels/signal/messages/signal"}],
    },
}


def stream_messages(schemas: EventSchemas) -> JsonObject:
    """Describe every message; what is told may grow (C21), what is heard is taken strictly."""
    strict = Schemas()
    changes = {"frame": Frame, "signal": SignalMessage}
    actions = {"description": f"Actions of each topic, more may come: {_ACTIONS}."}
    told: dict[str, Json] = {name: _message(name, cls, schemas.of(cls)) | actions for name, cls in changes.items()}
    told |= {name: _message(name, cls, _event(name, schemas.of(cls))) for name, cls in SERVER_EVENTS.items()}
    heard = {
        f"client.{name}": _message(f"client.{name}", cls, _event(name, strict.of(cls, strict=True)))
        for name, cls in CLIENT_EVENTS.items()
    }
    schemas.components |= strict.components
    return told | heard


def _event(name: str, data: JsonObject) -> JsonObject:
    return {"type": "object", "properties": {"event": {"const": name}, "data": data}, "required": ["event"]}


def _message(name: str, cls: type, payload: JsonObject) -> dict[str, Json]:
    summary = (cls.__doc__ or "").strip().partition("\n")[0]
    described: dict[str, Json] = {
        "name": name,
        "contentType": "application/json",
        "summary": summary,
        "payload": payload,
    }
    example = stream_examples().get(name)
    return described if example is None else {**described, "examples": [{"name": name, "payload": example}]}
