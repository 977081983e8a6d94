"""What Sale tells other services: the payloads that go to Kafka (contract §7).

Whoever listens to Kafka reads a record's value with `read_event`, and counts every event once by a key of its own:

- Inventory deducts each of `stocks` of a `payment.success`, once per (sale_order_id, stock_id) (C2).
- Inventory consumes materials of a kitchen item that became READY, once per (sale_order_id, kitchen_ticket_item_id,
  material) (C3, C15).
- Finance books `payment.paid` of a `payment.success` whose `payment.is_fully_paid`, once per sale_order_id (C5); or
  each of `payment.attempts`, once per (sale_order_id, uid).

The key is kept in the same transaction as what is booked; then a record may come twice. `examples/` shows it.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from sale_domain.event_json import UnreadableEvent, read, write
from sale_domain.ids import (
    CustomerId,
    EventId,
    ItemId,
    KitchenItemId,
    KitchenTicketId,
    LineId,
    MerchantId,
    OrderId,
    RecipeId,
    SaleChannelId,
    StationId,
    StockId,
)

PAYMENT_SUCCESS = "payment.success"
"""The topic, and the event type, of a payment transition (C2, C5, C12)."""

KITCHEN_ITEM_STATUS_CHANGED = "kitchen-ticket-item.status-changed"
"""The topic, and the event type, of a kitchen item's transition (C3, C15)."""


@attrs.frozen(kw_only=True)
class FinanceSource:
    """What an attempt's money is for, as mq-pay said.

    Attributes:
        id: The order's id, or the check's.
        type: What `id` names: SaleOrder or SaleCheck.
    """

    id: str
    type: str


@attrs.frozen(kw_only=True)
class Finance:
    """What finance needs to know of an attempt.

    Attributes:
        source: What its money is for.
    """

    source: FinanceSource


@attrs.frozen(kw_only=True)
class PaidAttempt:
    """A successful attempt, gross.

    Attributes:
        id: mq-pay's id of it, where it said one; `uid` is the one to go by.
        uid: mq-pay's name for it: who books attempts does it once per (sale_order_id, uid).
        amount: All that was paid with it, also where the order has used less.
        payment_provider: Who took the money, as mq-pay said.
        finance: What finance needs to know of it.
    """

    id: str | None = None
    uid: str
    amount: Decimal
    payment_provider: str | None = None
    finance: Finance | None = None


@attrs.frozen(kw_only=True)
class Payment:
    """The money side of a payment transition.

    Attributes:
        total: What the order costs.
        paid: What the order has used so far, all payments together, never more than the total; booked once, when the
            order is fully paid.
        currency: ISO 4217; of every amount of the event.
        exchange_rate: Units of the channel's currency per unit of the order's; 1 when they are the same.
        is_fully_paid: Whether `paid` is the total.
        paid_at: When Sale took the payment that brought the transition about.
        attempt: The attempt that brought the transition about, if one did.
        attempts: Every successful attempt that no earlier event of this order has listed.
        attempts_omitted: How many of them did not fit into the event; absent when all did.
    """

    total: Decimal
    paid: Decimal
    currency: str
    exchange_rate: Decimal
    is_fully_paid: bool
    paid_at: datetime
    attempt: PaidAttempt | None = None
    attempts: tuple[PaidAttempt, ...] = ()
    attempts_omitted: int | None = None


@attrs.frozen(kw_only=True)
class EventTotals:
    """What the order costs, in its currency: `total` is what the lines' totals add up to.

    Attributes:
        subtotal: The lines' base prices times their quantities.
        discount: What is taken off, as a positive amount.
        tax: What is put on.
        total: max(0, subtotal - discount + tax).
    """

    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


@attrs.frozen(kw_only=True)
class EventItem:
    """One line of the order; a combo's lead carries the price, its children carry stock and recipe.

    Attributes:
        item_type: `PRODUCT_VARIANT` unless the order says otherwise, also of a CUSTOM line.
        item_id: The catalogue's item; absent of a CUSTOM line.
        stock_id: Where it is taken from; absent of a combo's lead, whose parts name theirs.
        recipe_id: What it is made by; absent of a combo's lead too.
        mode: PRODUCT or CUSTOM.
        lead_item_id: The combo's lead line, of a line that is a part of one.
        quantity: How many, or how much.
        unit_price: Of one, after discount.
        total: What the line costs in all.
    """

    sale_order_item_id: LineId
    item_type: str
    item_id: ItemId | None = None
    stock_id: StockId | None = None
    recipe_id: RecipeId | None = None
    mode: str
    lead_item_id: LineId | None = None
    quantity: Decimal
    unit_price: Decimal
    total: Decimal


@attrs.frozen(kw_only=True)
class StockQuantity:
    """What one stock gives for the whole order: one row per stock, so that dedup by stock loses nothing (C2).

    Attributes:
        quantity: Of all lines that take from it.
    """

    stock_id: StockId
    quantity: Decimal


@attrs.frozen(kw_only=True)
class PaymentSuccess:
    """`payment.success`: an order has become PARTIAL or COMPLETED (contract §7; C20: fields are only ever added).

    Inventory dedups by (sale_order_id, stock_id), finance by order on `is_fully_paid`; `event_id` (`ce_id`) names a
    record.

    Attributes:
        event_id: Of this record; its header `ce_id` is the same.
        sale_order_number: For people, as the receipt has it.
        sale_order_status: PARTIAL or COMPLETED, since this transition.
        previous_sale_order_status: What it was before.
        transition: Which of the order's payment transitions it is, from 1 on.
        customer_id: The guest; absent where nobody said who it is.
        payment: What finance books.
        totals: What the order costs, and how that comes about.
        items: The order's lines, those of combos beside their lead.
        stocks: The whole order's, the same in each of its events: taken once per order and stock.
    """

    event_id: EventId
    sale_order_id: OrderId
    sale_order_number: str
    sale_order_status: str
    previous_sale_order_status: str
    transition: int
    merchant_id: MerchantId
    sale_channel_id: SaleChannelId
    customer_id: CustomerId | None = None
    payment: Payment
    totals: EventTotals
    items: tuple[EventItem, ...]
    stocks: tuple[StockQuantity, ...]


@attrs.frozen(kw_only=True)
class KitchenItemStatusChanged:
    """`kitchen-ticket-item.status-changed`: one transition of one kitchen item (contract §7; C20).

    Consumers dedup by `event_id` (`ce_id`); inventory consumes on READY (C15), once per (sale_order_id,
    kitchen_ticket_item_id, material): a recalled item that is finished again is READY for a second time.

    Attributes:
        event_id: Of this record; its header `ce_id` is the same.
        station_id: Where it is cooked; absent where no station is named.
        previous_status: What it was before.
        status: What it is since.
        changed_at: When it moved on.
        changed_by: The user.
        quantity: How many, or how much, of the line this item is.
        recipe_id: What it is made by; absent where the catalogue names none.
        item_type: As in `payment.success`: `PRODUCT_VARIANT` unless the order says otherwise, also of a CUSTOM line.
        item_id: The catalogue's item; absent of a CUSTOM line, as in `payment.success`.
        reason: Why it was voided.
    """

    event_id: EventId
    sale_order_id: OrderId
    merchant_id: MerchantId
    kitchen_ticket_id: KitchenTicketId
    kitchen_ticket_item_id: KitchenItemId
    sale_order_item_id: LineId
    station_id: StationId | None = None
    previous_status: str
    status: str
    changed_at: datetime
    changed_by: str | None = None
    quantity: Decimal
    item_type: str
    item_id: ItemId | None = None
    recipe_id: RecipeId | None = None
    reason: str | None = None


Event = PaymentSuccess | KitchenItemStatusChanged
"""What Kafka is told."""

EVENT_TYPES: Mapping[str, type[Event]] = {
    PAYMENT_SUCCESS: PaymentSuccess,
    KITCHEN_ITEM_STATUS_CHANGED: KitchenItemStatusChanged,
}
"""What the records of each topic hold."""

KAFKA_TOPICS = tuple(EVENT_TYPES)
"""Every topic that Sale writes to."""


def read_event(topic: str, value: bytes | None) -> Event:
    """Return the event that a record's value holds; fields that this release does not know are ignored (C20).

    Amounts are exact decimals in the order's currency, quantities exact decimals, times aware and in UTC.

    Raises:
        UnreadableEvent: nothing of Sale's goes to this topic, or the value is no event of its type; None, a tombstone,
            is none.

    >>> tea = b'''{"eventId": "e1", "saleOrderId": "o1", "merchantId": "m1", "kitchenTicketId": "t1",
    ... "kitchenTicketItemId": "i1", "saleOrderItemId": "l1", "previousStatus": "COOKING", "status": "READY",
    ... "changedAt": "2026-01-05T07:30:00Z", "quantity": 1.5, "itemType": "PRODUCT_VARIANT", "mood": "good"}'''
    >>> event = read_event(KITCHEN_ITEM_STATUS_CHANGED, tea)
    >>> event.status, event.quantity
    ('READY', Decimal('1.5'))
    >>> read_event(PAYMENT_SUCCESS, tea)
    Traceback (most recent call last):
    sale_domain.event_json.UnreadableEvent: /saleOrderNumber is missing.
    """
    if topic not in EVENT_TYPES:
        raise UnreadableEvent(pointer="", detail=f"is of no topic of Sale's: {topic!r}")
    if value is None:
        raise UnreadableEvent(pointer="", detail="has no value")
    return read(value, EVENT_TYPES[topic])


def write_event(event: Event) -> bytes:
    """Return the exact JSON of an event, as Sale sends it.

    >>> event = KitchenItemStatusChanged(
    ...     event_id=EventId("e1"),
    ...     sale_order_id=OrderId("o1"),
    ...     merchant_id=MerchantId("m1"),
    ...     kitchen_ticket_id=KitchenTicketId("t1"),
    ...     kitchen_ticket_item_id=KitchenItemId("i1"),
    ...     sale_order_item_id=LineId("l1"),
    ...     previous_status="COOKING",
    ...     status="READY",
    ...     changed_at=datetime.fromisoformat("2026-01-05T07:30:00Z"),
    ...     quantity=Decimal("1.5000"),
    ...     item_type="PRODUCT_VARIANT",
    ... )
    >>> write_event(event).endswith(b'"changedAt":"2026-01-05T07:30:00Z","quantity":1.5,"itemType":"PRODUCT_VARIANT"}')
    True
    >>> read_event(KITCHEN_ITEM_STATUS_CHANGED, write_event(event)) == event
    True
    """
    return write(event)
