"""CloudEvents 1.0 in Kafka's binary mode: the envelope in the headers, the value untouched (contract §7)."""

from collections.abc import Iterable

from sale_adapters.wire.places import BASE
from sale_domain.event_json import instant
from sale_domain.ids import EventId
from sale_domain.ports.publishing import OutboxRow

Headers = list[tuple[str, bytes]]


def cloud_event_headers(row: OutboxRow) -> Headers:
    """Return a record's headers; `ce_id` is the consumer's key against doubles, `ce_type` the topic's name."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": row.event_id,
        "ce_type": row.topic,
        "ce_source": BASE,
        "ce_time": instant(row.occurred_at),
        "content-type": "application/json",
    }
    if row.traceparent is not None:
        headers["traceparent"] = row.traceparent
    return [(name, value.encode()) for name, value in headers.items()]


def event_id_of(headers: Iterable[tuple[str, bytes | None]]) -> EventId | None:
    """Return a record's `ce_id`; None when somebody else wrote the record."""
    for name, value in headers:
        if name == "ce_id" and value is not None:
            return EventId(value.decode(errors="replace"))
    return None
