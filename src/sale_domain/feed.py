"""What Sale tells its screens: the entries of the committed history (contract §8)."""

from datetime import datetime
from enum import Enum

import attrs

from sale_domain.documents import JsonObject


class Topic(Enum):
    """What a history entry is about; the value is the stream's topic (C21)."""

    SALE_ORDER = "observation/sale/sale-order"
    ALLOCATION_USAGE = "observation/allocation/allocation-usage"
    KITCHEN_TICKET = "observation/sale/kitchen-ticket"


class FeedAction(Enum):
    """What a history entry tells (contract §8)."""

    ORDER_CREATED = "ORDER_CREATED"
    ORDER_UPDATED = "ORDER_UPDATED"
    ORDER_CHECKED_OUT = "ORDER_CHECKED_OUT"
    ORDER_REVERTED = "ORDER_REVERTED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    ORDER_PAYMENT_UPDATED = "ORDER_PAYMENT_UPDATED"
    USAGE_CREATED = "USAGE_CREATED"
    USAGE_MOVED = "USAGE_MOVED"
    USAGE_COMPLETED = "USAGE_COMPLETED"
    USAGE_CANCELLED = "USAGE_CANCELLED"
    USAGE_EXPIRED = "USAGE_EXPIRED"
    TICKET_SENT = "TICKET_SENT"
    TICKET_UPDATED = "TICKET_UPDATED"
    ITEM_STATUS_CHANGED = "ITEM_STATUS_CHANGED"
    TICKET_VOIDED = "TICKET_VOIDED"

    @property
    def topic(self) -> Topic:
        """Return what it happens to."""
        return _TOPIC_OF[self.value.partition("_")[0]]


_TOPIC_OF = {
    "ORDER": Topic.SALE_ORDER,
    "USAGE": Topic.ALLOCATION_USAGE,
    "TICKET": Topic.KITCHEN_TICKET,
    "ITEM": Topic.KITCHEN_TICKET,
}


@attrs.frozen(kw_only=True)
class FeedEntry:
    """One committed change of one thing: a row of the history, and a frame for the screens.

    Attributes:
        thing_id: The id of the order, the usage or the kitchen ticket.
        version: The thing's version after the change.
        status: Its status after the change; `from_status` before it, None for a new thing.
        by: The user, `mq-pay`, or who of Sale did it by itself.
        transition: The payment transition's number, where it was one.
    """

    topic: Topic
    action: FeedAction
    thing_id: str
    version: int
    status: str
    from_status: str | None = None
    at: datetime
    by: str
    reason: str | None = None
    transition: int | None = None
    data: JsonObject | None = None
