"""Domain values as rows, and rows as domain values; an order's currency lives on its own row alone."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sale_adapters.postgres.trips import Row
from sale_adapters.wire import json
from sale_adapters.wire.events import payload_of
from sale_adapters.wire.forms import from_json, to_json
from sale_domain.allocations import Seating
from sale_domain.basket import Basket
from sale_domain.documents import Json, JsonObject
from sale_domain.feed import FeedAction, FeedEntry, Topic
from sale_domain.ids import (
    CustomerId,
    ItemId,
    LineId,
    MerchantId,
    OrderId,
    RecipeId,
    SaleChannelId,
    StockId,
    bucket_of,
    merchant_bucket,
)
from sale_domain.kitchen import Kitchen
from sale_domain.ledger import FactType, Ledger, PaymentFact, Source, SourceType
from sale_domain.lines import Line, LineMode, LinePrice
from sale_domain.messages import Message
from sale_domain.money import Currency, Money
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.ports.orders import NumberedEntry, ReceivedWebhook
from sale_domain.quotes import Totals
from sale_domain.snapshots import CheckoutSnapshot

Values = Mapping[str, object]
"""What a statement's parameters are given, by name."""


def order_values(order: Order) -> Values:
    """Return an order's own row, without its lines and facts."""
    return {
        "bucket": bucket_of(order.id),
        "id": order.id,
        "number": order.number,
        "merchant_id": order.merchant_id,
        "sale_channel_id": order.sale_channel_id,
        "customer_id": order.customer_id,
        "currency": order.currency,
        "note": order.note,
        "status": order.status.value,
        "version": order.version,
        "subtotal": order.totals and order.totals.subtotal.amount,
        "discount": order.totals and order.totals.discount.amount,
        "tax": order.totals and order.totals.tax.amount,
        "total": order.totals and order.totals.total.amount,
        "exchange_rate": order.exchange_rate,
        "received": order.received.amount,
        "paid": order.paid.amount,
        "transition": order.transition,
        "reported_facts": order.reported_facts,
        "checkouts": order.checkouts,
        "events": order.events,
        "created_at": order.created_at,
        "created_by": order.created_by,
        "updated_at": order.updated_at,
        "checked_out_at": order.checked_out_at,
        "completed_at": order.completed_at,
        "cancelled_at": order.cancelled_at,
        "cancel_reason": order.cancel_reason,
    }


def order_of(
    row: Row,
    *,
    lines: Sequence[Row],
    facts: Sequence[Row],
    kitchen: Kitchen = Kitchen(),
    seating: Seating = Seating(),
) -> Order:
    """Return the order that a row, its lines' rows and its facts' rows say, with what belongs to it."""
    currency = Currency(row["currency"])
    return Order(
        id=OrderId(row["id"]),
        number=row["number"],
        merchant_id=MerchantId(row["merchant_id"]),
        sale_channel_id=SaleChannelId(row["sale_channel_id"]),
        customer_id=None if row["customer_id"] is None else CustomerId(row["customer_id"]),
        currency=currency,
        note=row["note"],
        status=OrderStatus(row["status"]),
        version=row["version"],
        basket=Basket(tuple(_line(line, currency) for line in lines)),
        totals=_totals(row, currency),
        exchange_rate=row["exchange_rate"],
        ledger=Ledger(tuple(map(fact_of, facts)), frozenset(fact["fact_key"] for fact in facts)),
        transition=row["transition"],
        reported_facts=row["reported_facts"],
        checkouts=row["checkouts"],
        events=row["events"],
        seating=seating,
        kitchen=kitchen,
        created_at=row["created_at"],
        created_by=row["created_by"],
        updated_at=row["updated_at"],
        checked_out_at=row["checked_out_at"],
        completed_at=row["completed_at"],
        cancelled_at=row["cancelled_at"],
        cancel_reason=row["cancel_reason"],
    )


def _totals(row: Row, currency: Currency) -> Totals | None:
    if row["total"] is None:
        return None
    return Totals(
        subtotal=Money(row["subtotal"], currency),
        discount=Money(row["discount"], currency),
        tax=Money(row["tax"], currency),
        total=Money(row["total"], currency),
    )


def line_values(line: Line, *, position: int) -> Values:
    """Return a line's row, without the order's key."""
    price = line.price
    return {
        "id": line.id,
        "position": position,
        "mode": line.mode.value,
        "item_type": line.item_type,
        "item_id": line.item_id,
        "name": line.name,
        "lead_id": line.lead_id,
        "quantity": line.quantity,
        "per_combo": line.per_combo,
        "note": line.note,
        "own_price": None if line.own_price is None else line.own_price.amount,
        "base_price": price and price.base_price.amount,
        "unit_price": price and price.unit_price.amount,
        "discount": price and price.discount.amount,
        "tax": price and price.tax.amount,
        "total": price and price.total.amount,
        "stock_id": line.stock_id,
        "recipe_id": line.recipe_id,
        "sent_quantity": line.sent_quantity,
    }


def _line(row: Row, currency: Currency) -> Line:
    return Line(
        id=LineId(row["id"]),
        mode=LineMode(row["mode"]),
        item_type=row["item_type"],
        item_id=None if row["item_id"] is None else ItemId(row["item_id"]),
        name=row["name"],
        lead_id=None if row["lead_id"] is None else LineId(row["lead_id"]),
        quantity=row["quantity"],
        per_combo=row["per_combo"],
        note=row["note"],
        own_price=_money(row["own_price"], currency),
        price=_price(row, currency),
        stock_id=None if row["stock_id"] is None else StockId(row["stock_id"]),
        recipe_id=None if row["recipe_id"] is None else RecipeId(row["recipe_id"]),
        sent_quantity=row["sent_quantity"],
    )


def _price(row: Row, currency: Currency) -> LinePrice | None:
    if row["total"] is None:
        return None
    return LinePrice(
        base_price=Money(row["base_price"], currency),
        unit_price=Money(row["unit_price"], currency),
        discount=Money(row["discount"], currency),
        tax=Money(row["tax"], currency),
        total=Money(row["total"], currency),
    )


def _money(amount: Decimal | None, currency: Currency) -> Money | None:
    return None if amount is None else Money(amount, currency)


def fact_values(fact: PaymentFact) -> Values:
    """Return a fact's columns, without the keys of the table that keeps it."""
    return {
        "fact_key": fact.digest,
        "type": fact.type.value,
        "source_type": fact.source.type.value,
        "source_id": fact.source.id,
        "amount": fact.amount,
        "transaction_uid": fact.transaction_uid,
        "attempt_uid": fact.attempt_uid,
        "at": fact.at,
        "transaction_id": fact.transaction_id,
        "attempt_id": fact.attempt_id,
        "payment_provider": fact.payment_provider,
        "reason": fact.reason,
    }


def fact_of(row: Row) -> PaymentFact:
    """Return the fact that a row of the ledger or of the inbox says."""
    return PaymentFact(
        type=FactType(row["type"]),
        source=Source(type=SourceType(row["source_type"]), id=row["source_id"]),
        amount=row["amount"],
        transaction_uid=row["transaction_uid"],
        attempt_uid=row["attempt_uid"],
        at=row["at"],
        transaction_id=row["transaction_id"],
        attempt_id=row["attempt_id"],
        payment_provider=row["payment_provider"],
        reason=row["reason"],
    )


def snapshot_values(order_id: OrderId, snapshot: CheckoutSnapshot) -> Values:
    """Return a checkout's row."""
    document = _text(to_json(snapshot))
    return {
        "bucket": bucket_of(order_id),
        "order_id": order_id,
        "checkout": snapshot.checkout,
        "document": document,
    }


def snapshot_of(row: Row) -> CheckoutSnapshot:
    """Return what a checkout has frozen."""
    return from_json(json.read(row["document"].encode()), CheckoutSnapshot)


def entry_values(entry: FeedEntry, order: Order) -> Values:
    """Return a history entry's row, without its number."""
    return {
        "bucket": merchant_bucket(order.merchant_id),
        "merchant_id": order.merchant_id,
        "topic": entry.topic.value,
        "thing_id": entry.thing_id,
        "order_id": order.id,
        "order_version": order.version,
        "action": entry.action.value,
        "version": entry.version,
        "status": entry.status,
        "from_status": entry.from_status,
        "at": entry.at,
        "by": entry.by,
        "reason": entry.reason,
        "transition": entry.transition,
        "data": None if entry.data is None else _text(to_json(entry.data)),
    }


def entry_of(row: Row) -> NumberedEntry:
    """Return a history entry with its number."""
    entry = FeedEntry(
        topic=Topic(row["topic"]),
        action=FeedAction(row["action"]),
        thing_id=row["thing_id"],
        version=row["version"],
        status=row["status"],
        from_status=row["from_status"],
        at=row["at"],
        by=row["by"],
        reason=row["reason"],
        transition=row["transition"],
        data=None if row["data"] is None else _object(json.read(row["data"].encode())),
    )
    return NumberedEntry(n=row["n"], entry=entry)


def message_values(message: Message) -> Values:
    """Return the outbox row of an event; its payload is the very text that Kafka gets."""
    return {
        "bucket": bucket_of(message.order_id),
        "event_id": message.event_id,
        "order_id": message.order_id,
        "seq": message.seq,
        "transition": message.transition,
        "merchant_id": message.merchant_id,
        "topic": message.topic,
        "payload": payload_of(message).decode(),
        "occurred_at": message.occurred_at,
        "traceparent": message.traceparent,
    }


def webhook_values(webhook: ReceivedWebhook) -> Values:
    """Return a raw log's row; whatever a stranger sent must fit in it."""
    event_type = webhook.event_type
    return {
        "bucket": bucket_of(webhook.id),
        "id": webhook.id,
        "received_at": webhook.received_at,
        # PostgreSQL's text takes neither NUL nor half a surrogate pair, and JSON can bring both.
        "event_type": event_type and event_type.replace("\0", "�").encode(errors="replace").decode(),
        "body": webhook.body,
        "outcome": webhook.outcome,
    }


def _text(form: Json) -> str:
    return json.write(form).decode()


def _object(form: Json) -> JsonObject:
    assert isinstance(form, Mapping), "an entry's data is written as an object"
    return form
