"""The heart of Sale: money, lifecycles, payments as a join, and the events that tell of them; needs attrs alone.

What is named here is the library's surface, and stays (docs/reference/stable.md); what is not may change.

>>> from sale_domain import ORDER_LIFECYCLE, OrderAction, OrderStatus
>>> ORDER_LIFECYCLE.after(OrderStatus.PROCESSING, OrderAction.PAY_PARTLY).value
'PARTIAL'
"""

from sale_domain.errors import Conflict, IllegalTransition, Rejected, SaleError, Unavailable
from sale_domain.event_json import UnreadableEvent
from sale_domain.events import (
    EVENT_TYPES,
    KAFKA_TOPICS,
    KITCHEN_ITEM_STATUS_CHANGED,
    PAYMENT_SUCCESS,
    Event,
    KitchenItemStatusChanged,
    PaymentSuccess,
    read_event,
    write_event,
)
from sale_domain.ids import bucket_of, merchant_bucket, milliseconds_of
from sale_domain.kitchen_lifecycle import (
    KITCHEN_ITEM_LIFECYCLE,
    KitchenItemAction,
    KitchenItemStatus,
    KitchenTicketStatus,
    ticket_status,
)
from sale_domain.ledger import FactType, Ledger, PaymentFact, Source, SourceType
from sale_domain.lifecycle import Lifecycle
from sale_domain.money import Currency, Money
from sale_domain.order_lifecycle import ORDER_LIFECYCLE, OrderAction, OrderStatus
from sale_domain.permissions import Permission
from sale_domain.usage_lifecycle import USAGE_LIFECYCLE, UsageAction, UsageStatus

__all__ = [
    "EVENT_TYPES",
    "KAFKA_TOPICS",
    "KITCHEN_ITEM_LIFECYCLE",
    "KITCHEN_ITEM_STATUS_CHANGED",
    "ORDER_LIFECYCLE",
    "PAYMENT_SUCCESS",
    "USAGE_LIFECYCLE",
    "Conflict",
    "Currency",
    "Event",
    "FactType",
    "IllegalTransition",
    "KitchenItemAction",
    "KitchenItemStatus",
    "KitchenItemStatusChanged",
    "KitchenTicketStatus",
    "Ledger",
    "Lifecycle",
    "Money",
    "OrderAction",
    "OrderStatus",
    "PaymentFact",
    "PaymentSuccess",
    "Permission",
    "Rejected",
    "SaleError",
    "Source",
    "SourceType",
    "Unavailable",
    "UnreadableEvent",
    "UsageAction",
    "UsageStatus",
    "bucket_of",
    "merchant_bucket",
    "milliseconds_of",
    "read_event",
    "ticket_status",
    "write_event",
]
