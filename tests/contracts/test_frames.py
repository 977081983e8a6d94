"""What screens and signal were once told is still told the same way, and nothing of it disappears (C21).

The files in `golden/frames/` are frames as they were sent: never change one, only add.
"""

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from sale_adapters.web.published import frame_surface
from sale_adapters.web.stream.examples import stream_examples
from sale_adapters.web.stream.lines import PERMISSIONS, line_of
from sale_adapters.web.surface import breaches
from sale_adapters.wire import json as exact
from sale_adapters.wire.forms import from_json, to_json
from sale_adapters.wire.frames import Frame, FrameData, frame_data, signal_message
from sale_domain.documents import JsonObject
from sale_domain.feed import FeedAction, FeedEntry, Topic
from sale_domain.ids import MerchantId
from sale_domain.ports.orders import NumberedEntry

GOLDEN = sorted((Path(__file__).parent / "golden" / "frames").glob("*.json"))
MERCHANT = MerchantId("merchant-1")
PUBLISHED = frame_surface()
NOW = PUBLISHED.told


def golden(name: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads((Path(__file__).parent / "golden" / "frames" / f"{name}.json").read_text())


def entry(frame: Any, *, data: JsonObject | None = None, reason: str | None = None) -> FeedEntry:  # noqa: ANN401 - JSON
    """Return the history entry that a golden frame of an order was made of."""
    shown = from_json(frame["data"], FrameData)
    return FeedEntry(
        topic=Topic(frame["topic"]),
        action=FeedAction(shown.action),
        thing_id=shown.id,
        version=shown.version,
        status=shown.status,
        from_status=shown.from_,
        at=shown.at,
        by=shown.by,
        transition=shown.transition,
        reason=reason,
        data=data,
    )


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_frame_that_was_sent_is_read_into_todays_types_and_written_again_the_same(path: Path) -> None:
    form = exact.read(path.read_bytes())
    assert exact.read(exact.write(to_json(from_json(form, Frame)))) == form


def test_the_golden_frames_show_every_topic_and_every_field() -> None:
    frames = [json.loads(path.read_text()) for path in GOLDEN]
    assert {frame["topic"] for frame in frames} == set(PERMISSIONS)
    shown = {f"data.{name}" for frame in frames for name in frame["data"]} | {"topic", "data", "seq", "prev"}
    for topic in PERMISSIONS:
        assert set(NOW[topic]) == shown


@pytest.mark.parametrize("name", ["sale-order-created", "sale-order-paid"])
def test_what_the_history_has_becomes_the_golden_frame(name: str) -> None:
    frame = golden(name)
    line = line_of(MERCHANT, NumberedEntry(n=frame["seq"], entry=entry(frame)))
    assert json.loads(line.frame(frame["prev"])) == frame


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_an_action_belongs_to_its_topic(path: Path) -> None:
    frame = json.loads(path.read_text())
    assert FeedAction(frame["data"]["action"]).topic is Topic(frame["topic"])


def test_of_the_historys_data_only_what_has_a_name_is_told_and_no_reason() -> None:
    data = {"itemId": "i-1", "itemStatus": "READY", "stationId": "grill", "unitId": "t-4", "zoneId": "z"}
    more: JsonObject = {**data, "saleOrderId": "o-1", "received": 7, "customer": "Lan"}
    told = to_json(frame_data(MERCHANT, entry(golden("sale-order-created"), data=more, reason="allergic to nuts")))
    assert isinstance(told, dict)
    assert told.items() >= {**data, "saleOrderId": "o-1"}.items()
    assert not {"received", "customer", "reason"} & told.keys()


def test_signal_is_told_the_same_and_the_merchants_room() -> None:
    frame = golden("sale-order-paid")
    assert json.loads(signal_message(MERCHANT, entry(frame))) == {
        "topic": frame["topic"],
        "data": frame["data"],
        "destination": "merchant:merchant-1",
    }


def test_the_surface_names_what_is_said() -> None:
    assert {*PERMISSIONS, "connected", "subscribed", "resync", "signal"} == set(NOW)
    for name in ("connected", "subscribed", "resync"):
        example: Any = stream_examples()[name]
        assert set(example["data"]) == {field for field in NOW[name] if "[]" not in field}


def test_a_topic_or_a_field_that_disappears_is_a_breach() -> None:
    topic = "observation/sale/sale-order"
    less = {**NOW, topic: {name: kind for name, kind in NOW[topic].items() if name != "data.version"}}
    assert breaches(PUBLISHED, attrs.evolve(PUBLISHED, told=less)) == [
        f"{topic}: data.version has disappeared, or has another name."
    ]
    none = {name: fields for name, fields in NOW.items() if name != topic}
    assert breaches(PUBLISHED, attrs.evolve(PUBLISHED, told=none)) == [f"{topic} has disappeared."]
