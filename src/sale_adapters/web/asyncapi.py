"""The AsyncAPI 3 document of what Sale tells Kafka, screens and signal, made from the types (contract §7, §8)."""

from collections.abc import Mapping

from sale_adapters.web.event_examples import event_examples
from sale_adapters.web.event_schemas import EventSchemas
from sale_adapters.web.stream.asyncapi import CHANNELS, OPERATIONS, stream_messages
from sale_adapters.wire.cloud_events import cloud_event_headers
from sale_domain.documents import Json, JsonObject
from sale_domain.events import EVENT_TYPES

_BINDING = "0.5.0"
_TEXT: JsonObject = {"type": "string"}
_HEADERS: Mapping[str, JsonObject] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {**_TEXT, "description": "The event's id: the key against doubles."},
    "ce_type": {**_TEXT, "description": "The topic's name."},
    "ce_source": {"type": "string", "format": "uri-reference"},
    "ce_time": {"type": "string", "format": "date-time"},
    "content-type": {"const": "application/json"},
    "traceparent": {**_TEXT, "description": "W3C trace context of the request that caused the event."},
}
_PROMISE = (
    "One committed record per event for consumers that read with `isolation.level=read_committed`; the same `ce_id` on "
    "any record that others might see twice. Records of one order (the key) come in the order in which they happened. "
    "Fields are only ever added: ignore those that you do not know."
)


def asyncapi_document(*, version: str) -> JsonObject:
    """Describe every topic, its key, headers, payload and an example; and the stream's messages."""
    schemas = EventSchemas()
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Sale", "version": version, "description": _PROMISE},
        "defaultContentType": "application/json",
        "channels": {**{topic: _channel(topic) for topic in EVENT_TYPES}, **CHANNELS},
        "operations": {**{f"send.{topic}": _sending(topic) for topic in EVENT_TYPES}, **OPERATIONS},
        "components": {
            "messages": {**{topic: _message(topic, schemas) for topic in EVENT_TYPES}, **stream_messages(schemas)},
            "schemas": schemas.components,
        },
    }


def _channel(topic: str) -> JsonObject:
    return {
        "address": topic,
        "messages": {topic: {"$ref": f"#/components/messages/{topic}"}},
        "bindings": {
            "kafka": {
                "topic": topic,
                "topicConfiguration": {"cleanup.policy": ["delete"]},
                "bindingVersion": _BINDING,
            }
        },
    }


def _sending(topic: str) -> JsonObject:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{topic}"},
        "messages": [{"$ref": f"#/channels/{topic}/messages/{topic}"}],
    }


def _message(topic: str, schemas: EventSchemas) -> JsonObject:
    row, payload = event_examples()[topic]
    headers: dict[str, Json] = {name: value.decode() for name, value in cloud_event_headers(row)}
    lines = (EVENT_TYPES[topic].__doc__ or "").strip().splitlines()
    return {
        "name": topic,
        "contentType": "application/json",
        "summary": lines[0],
        "headers": {
            "type": "object",
            "properties": dict(_HEADERS),
            "required": [name for name in _HEADERS if name != "traceparent"],
        },
        "payload": schemas.of(EVENT_TYPES[topic]),
        "bindings": {
            "kafka": {"key": {**_TEXT, "description": "saleOrderId"}, "bindingVersion": _BINDING},
        },
        "examples": [{"name": topic, "headers": headers, "payload": payload}],
    }
