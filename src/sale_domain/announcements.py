"""The events that a change puts on Kafka, made from the order as it is then (contract §7)."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from sale_domain.event_size import check_order_fits, fitted
from sale_domain.events import (
    EVENT_TYPES,
    Event,
    EventItem,
    EventTotals,
    Finance,
    FinanceSource,
    KitchenItemStatusChanged,
    PaidAttempt,
    Payment,
    PaymentSuccess,
    StockQuantity,
)
from sale_domain.ids import EventId, StockId, bucket_of
from sale_domain.kitchen import ItemMove
from sale_domain.ledger import SuccessfulAttempt
from sale_domain.lines import Line
from sale_domain.messages import Message
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.payments import PaymentTransition

_TOPICS: Mapping[type[Event], str] = {kind: topic for topic, kind in EVENT_TYPES.items()}


def messages(change: Change, *, new_id: Callable[[int], str], traceparent: str | None = None) -> tuple[Message, ...]:
    """Return what Kafka is to be told of a change: a message for a payment transition, and for each kitchen item's.

    Args:
        change: Its order has counted these events already.
        new_id: Makes an id in a bucket.
        traceparent: W3C trace context of the request.
    """
    order = change.order
    events = tuple(_events(change, lambda: EventId(new_id(bucket_of(order.id)))))
    return tuple(
        Message(
            event_id=event.event_id,
            topic=_TOPICS[type(event)],
            merchant_id=order.merchant_id,
            order_id=order.id,
            seq=seq,
            transition=event.transition if isinstance(event, PaymentSuccess) else None,
            occurred_at=order.updated_at,
            traceparent=traceparent,
            payload=event,
        )
        for seq, event in enumerate(events, start=order.events - len(events) + 1)
    )


def _events(change: Change, new_id: Callable[[], EventId]) -> Iterator[Event]:
    if change.transition is not None:
        yield fitted(payment_success(change.order, change.transition, event_id=new_id()))
    for move in change.moves:
        yield kitchen_item_status_changed(change.order, move, event_id=new_id())


def check_events_fit(order: Order, *, event_id: EventId) -> None:
    """Refuse a checked-out order whose events would be too large for Kafka.

    Raises:
        OrderTooLarge: before anybody can pay for it.
    """
    imagined = PaymentTransition(number=order.transition + 1, previous=order.status, attempt=None, attempts=())
    check_order_fits(payment_success(order, imagined, event_id=event_id))


def payment_success(order: Order, transition: PaymentTransition, *, event_id: EventId) -> PaymentSuccess:
    """Describe an order that has just become PARTIAL or COMPLETED."""
    assert order.totals is not None, "only a checked-out order makes a payment transition"
    leads = order.basket.lead_ids
    return PaymentSuccess(
        event_id=event_id,
        sale_order_id=order.id,
        sale_order_number=order.number,
        sale_order_status=order.status.value,
        previous_sale_order_status=transition.previous.value,
        transition=transition.number,
        merchant_id=order.merchant_id,
        sale_channel_id=order.sale_channel_id,
        customer_id=order.customer_id,
        payment=Payment(
            total=order.totals.total.amount,
            paid=order.paid.amount,
            currency=order.currency,
            exchange_rate=order.exchange_rate or Decimal(1),
            is_fully_paid=order.is_fully_paid,
            paid_at=order.updated_at,
            attempt=_attempt(transition.attempt) if transition.attempt else None,
            attempts=tuple(map(_attempt, transition.attempts)),
        ),
        totals=EventTotals(
            subtotal=order.totals.subtotal.amount,
            discount=order.totals.discount.amount,
            tax=order.totals.tax.amount,
            total=order.totals.total.amount,
        ),
        items=tuple(_item(line, is_lead=line.id in leads) for line in order.basket.lines),
        stocks=tuple(StockQuantity(stock_id=stock, quantity=q) for stock, q in _stocks(order).items()),
    )


def kitchen_item_status_changed(order: Order, move: ItemMove, *, event_id: EventId) -> KitchenItemStatusChanged:
    """Describe a kitchen item that has just moved on."""
    item = move.item
    return KitchenItemStatusChanged(
        event_id=event_id,
        sale_order_id=order.id,
        merchant_id=order.merchant_id,
        kitchen_ticket_id=move.ticket_id,
        kitchen_ticket_item_id=item.id,
        sale_order_item_id=item.line_id,
        station_id=move.station_id,
        previous_status=move.previous.value,
        status=item.status.value,
        changed_at=item.changed_at,
        changed_by=item.changed_by,
        quantity=item.quantity,
        item_type=item.item_type,
        item_id=item.item_id,
        recipe_id=item.recipe_id,
        reason=item.void_reason,
    )


def _attempt(attempt: SuccessfulAttempt) -> PaidAttempt:
    return PaidAttempt(
        id=attempt.id,
        uid=attempt.uid,
        amount=attempt.amount,
        payment_provider=attempt.payment_provider,
        finance=Finance(source=FinanceSource(id=attempt.source.id, type=attempt.source.type.value)),
    )


def _item(line: Line, *, is_lead: bool) -> EventItem:
    assert line.price is not None, "checkout prices every line"
    # Kitchen and stock take a combo's children, never its lead, or its parts would be consumed twice.
    return EventItem(
        sale_order_item_id=line.id,
        item_type=line.item_type,
        item_id=line.item_id,
        stock_id=None if is_lead else line.stock_id,
        recipe_id=None if is_lead else line.recipe_id,
        mode=line.mode.value,
        lead_item_id=line.lead_id,
        quantity=line.quantity,
        unit_price=line.price.unit_price.amount,
        total=line.price.total.amount,
    )


def _stocks(order: Order) -> Mapping[StockId, Decimal]:
    stocks: dict[StockId, Decimal] = {}
    leads = order.basket.lead_ids
    for line in order.basket.lines:
        if line.stock_id is not None and line.id not in leads:
            stocks[line.stock_id] = stocks.get(line.stock_id, Decimal(0)) + line.quantity
    return stocks
