"""Two bowls of phở as the documentation shows them, made by the domain itself so that they are never out of date."""

from datetime import UTC, datetime
from decimal import Decimal

from sale_adapters.web.allocation_examples import allocation_examples
from sale_adapters.web.kitchen_examples import kitchen_examples
from sale_adapters.wire.answers import answer_json
from sale_adapters.wire.health import HealthBody, ReadinessBody
from sale_adapters.wire.order_history import HistoryBody, history_body
from sale_adapters.wire.order_preview import PreviewBody, preview_body
from sale_adapters.wire.orders import OrderBody, OrderListBody, order_body, order_list_body
from sale_adapters.wire.refusals import REACHABLE
from sale_adapters.wire.unallocated import UnallocatedListBody, unallocated_body
from sale_adapters.wire.webhook import OutcomeBody
from sale_domain.documents import Json
from sale_domain.ids import ItemId, LineId, MerchantId, OrderId, SaleChannelId
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.lines import LinePrice, NewProduct
from sale_domain.money import Currency, Money
from sale_domain.orders import Order
from sale_domain.ports.orders import History, NumberedEntry, OrderPage
from sale_domain.quotes import Quote, QuotedLine, Totals
from sale_domain.use_cases.checkout import Preview
from sale_domain.views import OrderView

_VND = Currency("VND")
_AT = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
_ORDER_ID = OrderId("01KE6YB4M0000000000000000126")
_LINE_ID = LineId("01KE6YB4M0000000000000000226")


def answer_examples() -> dict[type, Json]:
    """Return an example of every answer, by its class."""
    change = _draft().created(
        items=(NewProduct(id=_LINE_ID, item_id=ItemId("variant-pho"), name="Phở bò tái", quantity=Decimal(2)),)
    )
    order, entry = change.order, change.entries[0]
    assert entry is not None, "a new order is told of"
    examples: dict[type, object] = {
        OrderBody: order_body(OrderView(order=order)),
        OrderListBody: order_list_body(OrderPage(orders=(order,), next_after=_ORDER_ID, feed_seq=1)),
        HistoryBody: history_body(History(entries=(NumberedEntry(n=1, entry=entry),), feed_seq=1)),
        PreviewBody: preview_body(Preview(order=order, quote=_quote())),
        OutcomeBody: OutcomeBody(outcome="applied"),
        UnallocatedListBody: unallocated_body(
            OrderPage(orders=(_cancelled_after_paying(order),), next_after=None, feed_seq=4)
        ),
        HealthBody: HealthBody(status="alive"),
        ReadinessBody: ReadinessBody(status="ready", parts={"database": REACHABLE}),
        **kitchen_examples(),
        **allocation_examples(order),
    }
    return {kind: answer_json(example) for kind, example in examples.items()}


def _draft() -> Order:
    return Order(
        id=_ORDER_ID,
        number=f"{_AT:%Y%m%d%H%M%S}-{_ORDER_ID}",
        merchant_id=MerchantId("merchant-1"),
        sale_channel_id=SaleChannelId("channel-vnd"),
        currency=_VND,
        created_at=_AT,
        created_by="user-lan",
        updated_at=_AT,
    )


def _cancelled_after_paying(order: Order) -> Order:
    paid = PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=Source(type=SourceType.SALE_ORDER, id=_ORDER_ID),
        amount=Decimal(130_000),
        attempt_uid="attempt-1",
        at=_AT,
    )
    return order.record_payment(paid, at=_AT)[1].order.cancel(at=_AT, by="user-lan", reason="the guests left").order


def _quote() -> Quote:
    each, whole, nothing = Money(Decimal(65_000), _VND), Money(Decimal(130_000), _VND), Money.zero(_VND)
    price = LinePrice(base_price=each, unit_price=each, discount=nothing, tax=nothing, total=whole)
    totals = Totals(subtotal=whole, discount=nothing, tax=nothing, total=whole)
    return Quote(lines={_LINE_ID: QuotedLine(price=price)}, totals=totals, document={})
