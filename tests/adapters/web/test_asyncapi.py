"""What Sale tells Kafka, screens and signal, described for whoever reads it."""

import json
from typing import Any

import httpx
import pytest

from sale_adapters.web.event_examples import event_examples
from sale_adapters.web.stream.conversation import CODES
from sale_adapters.web.stream.examples import stream_examples
from sale_adapters.wire.cloud_events import cloud_event_headers
from sale_domain.events import EVENT_TYPES
from sale_domain.feed import FeedAction


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Any:  # noqa: ANN401 - a JSON document
    answer = await client.get("/doc/asyncapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def resolved(document: Any, part: Any) -> Any:  # noqa: ANN401 - a JSON document
    while isinstance(part, dict) and "$ref" in part:
        name, part = part["$ref"], document
        for step in name.removeprefix("#/").split("/"):
            part = part[step]
    return part


def fits(document: Any, schema: Any, value: Any) -> None:  # noqa: ANN401 - JSON
    """Check a value against the few words of JSON Schema that the document uses."""
    schema = resolved(document, schema)
    if "const" in schema:
        assert value == schema["const"]
        return
    kinds = {"string": str, "integer": int, "number": int | float, "boolean": bool, "object": dict, "array": list}
    assert isinstance(value, kinds[schema["type"]])
    for element in value if isinstance(value, list) else []:
        fits(document, schema["items"], element)
    if isinstance(value, dict):
        assert set(schema["required"]) <= set(value) <= set(schema["properties"])
        for name, part in value.items():
            fits(document, schema["properties"][name], part)


async def test_every_topic_is_a_channel_with_one_message(document: Any) -> None:  # noqa: ANN401 - a JSON document
    assert document["asyncapi"] == "3.0.0"
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {*EVENT_TYPES, "/v1/api/sale/stream", "signal"}
    for topic in EVENT_TYPES:
        operation = document["operations"][f"send.{topic}"]
        (message,) = operation["messages"]
        assert operation["action"] == "send"
        assert resolved(document, message)["name"] == topic


async def test_the_stream_is_a_channel_with_everything_that_either_side_says(document: Any) -> None:  # noqa: ANN401 - JSON
    said = [resolved(document, each)["name"] for each in document["operations"]["send.stream"]["messages"]]
    heard = [resolved(document, each)["name"] for each in document["operations"]["receive.stream"]["messages"]]
    assert said == ["frame", "connected", "subscribed", "resync"]
    assert heard == ["client.authenticate", "client.subscribe", "client.heartbeat"]
    for name, example in stream_examples().items():
        message = document["components"]["messages"][name]
        assert message["examples"][0]["payload"] == example
        fits(document, message["payload"], example)


async def test_the_stream_tells_the_actions_of_each_topic_and_every_close_code(document: Any) -> None:  # noqa: ANN401 - JSON
    for name in ("frame", "signal"):
        told = document["components"]["messages"][name]["description"]
        assert (
            "`observation/sale/kitchen-ticket`: TICKET_SENT, TICKET_UPDATED, ITEM_STATUS_CHANGED, TICKET_VOIDED;"
            in told
        )
        assert all(action.value in told for action in FeedAction)
    for code, meaning in CODES.items():
        assert f"{code}: {meaning}" in document["channels"]["stream"]["description"]


async def test_every_reference_leads_somewhere(document: Any) -> None:  # noqa: ANN401 - a JSON document
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert len(names) > 8
    for name in names:
        assert resolved(document, {"$ref": name})


async def test_each_example_fits_its_schemas_and_is_what_is_really_sent(document: Any) -> None:  # noqa: ANN401 - JSON
    for name in EVENT_TYPES:
        message = document["components"]["messages"][name]
        (example,) = message["examples"]
        row, payload = event_examples()[name]
        fits(document, message["headers"], example["headers"])
        fits(document, message["payload"], example["payload"])
        assert example["headers"] == {key: value.decode() for key, value in cloud_event_headers(row)}
        assert set(example["payload"]) == set(payload)  # type: ignore[arg-type]  # an object


async def test_kafka_is_told_the_key_and_that_nothing_is_compacted(document: Any) -> None:  # noqa: ANN401 - JSON
    for topic in EVENT_TYPES:
        channel = document["channels"][topic]
        assert channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] == ["delete"]
    for topic in EVENT_TYPES:
        message = document["components"]["messages"][topic]
        assert message["bindings"]["kafka"]["key"]["type"] == "string"
        assert "ce_id" in message["headers"]["required"]
