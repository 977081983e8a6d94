"""An event of every topic as the documentation shows it, made by the domain itself so that it is never out of date."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from sale_adapters.web.kitchen_examples import bowls_begun
from sale_adapters.wire import json
from sale_domain.announcements import messages
from sale_domain.documents import Json
from sale_domain.events import write_event
from sale_domain.ids import EventId, ItemId, LineId, MerchantId, OrderId, RecipeId, SaleChannelId, StockId
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.lines import LinePrice, NewProduct
from sale_domain.messages import Message
from sale_domain.money import Currency, Money
from sale_domain.orders import Order
from sale_domain.ports.publishing import OutboxRow
from sale_domain.quotes import Quote, QuotedLine, Totals
from sale_domain.snapshots import CheckoutSnapshot, ItemSnapshot

_VND = Currency("VND")
_AT = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
_ORDER_ID = OrderId("01KE6YB4M0000000000000000126")
_LINE_ID = LineId("01KE6YB4M0000000000000000226")
_EVENT_ID = EventId("01KE6YB4M0000000000000000326")
_TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def event_examples() -> Mapping[str, tuple[OutboxRow, Json]]:
    """Return, per topic, a row with its headers' values, and the payload as JSON."""
    return {
        message.topic: (_row(message), json.read(write_event(message.payload)))
        for message in (_two_bowls_paid(), _bowls_begun())
    }


def _two_bowls_paid() -> Message:
    order = Order(
        id=_ORDER_ID,
        number=f"{_AT:%Y%m%d%H%M%S}-{_ORDER_ID}",
        merchant_id=MerchantId("merchant-1"),
        sale_channel_id=SaleChannelId("channel-vnd"),
        currency=_VND,
        created_at=_AT,
        created_by="user-lan",
        updated_at=_AT,
    )
    pho = NewProduct(id=_LINE_ID, item_id=ItemId("variant-pho"), name="Phở bò tái", quantity=Decimal(2))
    opened = order.created(items=(pho,)).order
    priced = opened.check_out(_quote(), _snapshot(), at=_AT, by="user-lan").order
    paid = PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=Source(type=SourceType.SALE_ORDER, id=_ORDER_ID),
        amount=Decimal(130_000),
        attempt_uid="attempt-1",
        attempt_id="1",
        payment_provider="CASH",
        at=_AT,
    )
    _, change = priced.record_payment(paid, at=_AT)
    (message,) = messages(change, new_id=lambda _: _EVENT_ID, traceparent=_TRACEPARENT)
    return message


def _bowls_begun() -> Message:
    (message,) = messages(bowls_begun(), new_id=lambda _: _EVENT_ID, traceparent=_TRACEPARENT)
    return message


def _quote() -> Quote:
    each, whole, nothing = Money(Decimal(65_000), _VND), Money(Decimal(130_000), _VND), Money.zero(_VND)
    price = LinePrice(base_price=each, unit_price=each, discount=nothing, tax=nothing, total=whole)
    totals = Totals(subtotal=whole, discount=nothing, tax=nothing, total=whole)
    return Quote(lines={_LINE_ID: QuotedLine(price=price)}, totals=totals, document={})


def _snapshot() -> CheckoutSnapshot:
    pho = ItemSnapshot(product_variant={}, stock_id=StockId("stock-pho"), recipe_id=RecipeId("recipe-pho"))
    return CheckoutSnapshot(
        checkout=1, at=_AT, pricing_v1={}, pricing_v2={}, sale_channel={"id": "channel-vnd"}, items={_LINE_ID: pho}
    )


def _row(message: Message) -> OutboxRow:
    return OutboxRow(
        event_id=message.event_id,
        order_id=message.order_id,
        seq=message.seq,
        topic=message.topic,
        payload=b"",
        occurred_at=message.occurred_at,
        traceparent=message.traceparent,
    )
