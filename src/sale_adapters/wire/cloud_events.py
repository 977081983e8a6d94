"""CloudEvents 1.0 in Kafka's binary mode: the envelope in the headers, the value untouched (contract §7)."""

from collections.abc import Iterable
from datetime import UTC

from sale_domain.ids import EventId
from sale_domain.ports.publishing import OutboxRow

SOURCE = "/v1/api/sale"
"""`ce_source`: Sale's base path, as a URI reference."""

Headers = list[tuple[str, bytes]]


def cloud_event_headers(row: OutboxRow) -> Headers:
    """Return a record's headers; `ce_id` is the consumer's key against doubles, `ce_type` the topic's name."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": row.event_id,
        "ce_type": row.topic,
        "ce_source": SOURCE,
        "ce_time": row.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
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
