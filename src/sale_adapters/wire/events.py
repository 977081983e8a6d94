"""An event as the bytes that Kafka gets (contract §7)."""

from sale_domain.event_size import LARGEST_EVENT_BYTES
from sale_domain.events import write_event
from sale_domain.messages import Message
from sale_domain.port_errors import EventTooLarge


def payload_of(message: Message) -> bytes:
    """Return the exact JSON that is sent.

    Raises:
        EventTooLarge: Kafka would never take it; the last check, behind those of the domain.
    """
    payload = write_event(message.payload)
    if len(payload) > LARGEST_EVENT_BYTES:
        raise EventTooLarge(topic=message.topic, size=len(payload), limit=LARGEST_EVENT_BYTES)
    return payload
