"""What was once sent is still understood, and nothing that consumers rely on disappears (C20).

The files in `golden/` are payloads as they were sent: never change one, only add. They are named `<topic>-<what>.json`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sale_adapters.web.event_examples import event_examples
from sale_adapters.web.published import event_surface
from sale_adapters.web.surface import Surface, breaches
from sale_adapters.wire import json as exact
from sale_domain.events import EVENT_TYPES, PAYMENT_SUCCESS, read_event, write_event

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
PUBLISHED = event_surface()
NOW = PUBLISHED.told


def topic_of(path: Path) -> str:
    return next(topic for topic in EVENT_TYPES if path.name.startswith(f"{topic}-"))


def fields(form: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(form, dict):
        for name, part in form.items():
            below = f"{path}.{name}" if path else name
            yield below
            yield from fields(part, below)
    elif isinstance(form, list):
        for element in form:
            yield f"{path}[]"
            yield from fields(element, f"{path}[]")


def changed(path: str, kind: str | None) -> Surface:
    """Return today's surface with one field of another type, or without it."""
    topic = next(iter(NOW))
    changed = {name: kind if name == path else known for name, known in NOW[topic].items()}
    return Surface(told={**NOW, topic: {name: known for name, known in changed.items() if known is not None}})


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_payload_that_was_sent_is_read_into_todays_types_and_written_again_the_same(path: Path) -> None:
    sent = path.read_bytes()
    assert exact.read(write_event(read_event(topic_of(path), sent))) == exact.read(sent)


def test_every_topic_has_golden_payloads_that_show_every_field_but_the_rarest() -> None:
    for topic in EVENT_TYPES:
        mine = [json.loads(path.read_text()) for path in GOLDEN if topic_of(path) == topic]
        shown = {name for form in mine for name in fields(form)}
        assert set(NOW[topic]) - shown == ({"payment.attemptsOmitted"} if topic == PAYMENT_SUCCESS else set())


@pytest.mark.parametrize("topic", EVENT_TYPES)
def test_the_surface_is_what_the_example_has(topic: str) -> None:
    _, payload = event_examples()[topic]
    has = set(fields(exact.read(exact.write(payload))))
    always = {name for name, kind in NOW[topic].items() if not kind.endswith("?")}
    absent = {name for name in NOW[topic] if name not in has}
    assert has <= set(NOW[topic])
    optional = {name for name in NOW[topic] if NOW[topic][name].endswith("?")}
    assert all(name in optional or any(name.startswith(f"{other}.") for other in optional) for name in absent)
    assert {name for name in always if "." not in name} <= has


def test_what_disappears_is_renamed_or_changes_its_type_is_a_breach() -> None:
    assert breaches(PUBLISHED, PUBLISHED) == []
    assert breaches(changed("payment.exchangeRate", None), PUBLISHED) == []
    assert breaches(PUBLISHED, changed("items[].stockId", None)) == [
        "payment.success: items[].stockId has disappeared, or has another name."
    ]
    assert breaches(PUBLISHED, changed("payment.paid", "string")) == [
        "payment.success: payment.paid was number and is string now."
    ]
    assert breaches(PUBLISHED, Surface()) == [f"{topic} has disappeared." for topic in EVENT_TYPES]


def test_a_field_may_become_certain_but_not_uncertain() -> None:
    assert breaches(PUBLISHED, changed("customerId", "string")) == []
    assert breaches(PUBLISHED, changed("merchantId", "string?")) == [
        "payment.success: merchantId was string and is string? now."
    ]
