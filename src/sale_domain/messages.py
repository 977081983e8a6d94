"""An event with what it needs on its way: its place among its order's events, its time, its trace."""

from datetime import datetime

import attrs

from sale_domain.events import Event
from sale_domain.ids import EventId, MerchantId, OrderId


@attrs.frozen(kw_only=True)
class Message:
    """An event on its way to Kafka, written in the order's own transaction.

    Attributes:
        seq: The order's events are numbered 1, 2, …; they are published in this order.
        transition: The payment transition's number, unique per order (C12); None for a kitchen item's.
        occurred_at: Never earlier than the order's event before it.
        traceparent: W3C trace context of the request that caused it.
    """

    event_id: EventId
    topic: str
    merchant_id: MerchantId
    order_id: OrderId
    seq: int
    transition: int | None
    occurred_at: datetime
    traceparent: str | None = None
    payload: Event
