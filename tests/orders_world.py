"""Orders for tests that need some at rest: what is decided about them, and ids that no other test has."""

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sale_domain import cooking
from sale_domain.announcements import messages
from sale_domain.cooking import Menu, Portion, Preparation
from sale_domain.documents import JsonObject
from sale_domain.errors import SaleError
from sale_domain.ids import (
    NO_BUCKET,
    CustomerId,
    ItemId,
    KitchenItemId,
    LineId,
    MerchantId,
    OrderId,
    RecipeId,
    SaleChannelId,
    StockId,
    bucket_of,
    merchant_bucket,
    new_id,
)
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.lines import Component, Line, LinePrice, NewCustom, NewItem, NewProduct
from sale_domain.money import Currency, Money
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.ports.orders import Decide, Decision, Orders, ReceivedWebhook
from sale_domain.quotes import Quote, QuotedLine, Totals
from sale_domain.snapshots import CheckoutSnapshot, ItemSnapshot
from sale_domain.stations import Stations

VND = Currency("VND")
MORNING = datetime(2026, 1, 5, 7, 30, 15, 123456, tzinfo=UTC)
ZERO = Money.zero(VND)


_counted = iter(range(1_767_598_215_000, 1 << 48))


def fresh_id(bucket: int) -> str:
    """Return an id that sorts behind all before it in this process."""
    return new_id(milliseconds=next(_counted), randomness=int.from_bytes(os.urandom(10)), bucket=bucket)


def fresh_merchant() -> MerchantId:
    """Return a merchant that no other test has."""
    return MerchantId(f"merchant-{os.urandom(8).hex()}")


def pho(*, quantity: int = 2, note: str | None = None) -> NewProduct:
    """Two phở bò."""
    return NewProduct(
        id=LineId(fresh_id(NO_BUCKET)),
        item_id=ItemId("variant-pho"),
        name="Phở bò",
        quantity=Decimal(quantity),
        note=note,
    )


def breakfast() -> NewProduct:
    """A combo of bánh mì and two iced teas."""
    return NewProduct(
        id=LineId(fresh_id(NO_BUCKET)),
        item_id=ItemId("variant-combo-sang"),
        name="Combo sáng",
        quantity=Decimal(3),
        components=(
            Component(
                id=LineId(fresh_id(NO_BUCKET)),
                item_id=ItemId("variant-banh-mi"),
                name="Bánh mì",
                quantity=Decimal(1),
            ),
            Component(
                id=LineId(fresh_id(NO_BUCKET)),
                item_id=ItemId("variant-tra-da"),
                name="Trà đá",
                quantity=Decimal(2),
            ),
        ),
    )


def corkage() -> NewCustom:
    """An item that is in no catalogue."""
    return NewCustom(
        id=LineId(fresh_id(NO_BUCKET)),
        name="Corkage",
        unit_price=Decimal("20000.5"),
        quantity=Decimal("1.5"),
        note="two bottles",
    )


def opened(
    merchant_id: MerchantId,
    *items: NewItem,
    at: datetime = MORNING,
    sale_channel_id: str = "channel-vnd",
    customer_id: str | None = None,
) -> Change:
    """Open an order with these items."""
    order_id = OrderId(fresh_id(merchant_bucket(merchant_id)))
    order = Order(
        id=order_id,
        number=f"20260105073015-{order_id}",
        merchant_id=merchant_id,
        sale_channel_id=SaleChannelId(sale_channel_id),
        customer_id=None if customer_id is None else CustomerId(customer_id),
        currency=VND,
        note="by the window",
        created_at=at,
        created_by="user-1",
        updated_at=at,
    )
    return order.created(items=items)


async def create(orders: Orders, *, merchant_id: str | None = None, **options: str) -> Order:
    """Create an order with two phở bò, a combo of three lines and a custom item."""
    merchant = fresh_merchant() if merchant_id is None else merchant_id
    change = opened(merchant, pho(), breakfast(), corkage(), **options)  # type: ignore[arg-type]  # see NewType
    return (await orders.create(Decision(change=change), once=None)).order


def adding(item: NewItem, *, at: datetime = MORNING + timedelta(minutes=1)) -> Decide:
    """Decide to add an item."""
    return lambda order: Decision(change=order.add_item(item, at=at, by="user-1"))


def checking_out(*, at: datetime = MORNING + timedelta(minutes=2), document: JsonObject | None = None) -> Decide:
    """Decide to check out at 65 000 VND apiece."""

    def decide(order: Order) -> Decision:
        quote = quoted(order)
        snapshot = CheckoutSnapshot(
            checkout=order.checkouts + 1,
            at=at,
            pricing_v1=document or {"totals": {"total": quote.totals.total.amount}},
            pricing_v2={"order": {"tax": Decimal("0.0800")}},
            sale_channel={"id": order.sale_channel_id, "currency": "VND"},
            items={
                line.id: ItemSnapshot(
                    product_variant={"id": line.item_id or "", "metadata": {"spicy": True, "tags": ["a", "b"]}},
                    product_info={"name": line.name, "description": None},
                    stock_id=StockId(f"stock-{line.item_id}"),
                    recipe_id=RecipeId(f"recipe-{line.item_id}"),
                    fare_id="fare-1",
                )
                for line in order.basket.lines
                if line.item_id is not None
            },
            allocations=({"unitId": "table-4"},),
            exchange_rate=Decimal("0.0000390625"),
        )
        change = order.check_out(quote, snapshot, at=at, by="user-1")
        return Decision(change=change, messages=messages(change, new_id=fresh_id))

    return decide


def quoted(order: Order) -> Quote:
    """Price an order's lines at 65 000 VND apiece, or at their own price; a combo's parts are free."""

    def price(line: Line) -> LinePrice:
        own = Money(Decimal(65_000), VND) if line.own_price is None else line.own_price
        each = ZERO if line.is_child else own
        return LinePrice(base_price=each, unit_price=each, discount=ZERO, tax=ZERO, total=each.times(line.quantity))

    prices = {line.id: price(line) for line in order.basket.lines}
    total = Money.sum((each.total for each in prices.values()), currency=VND)
    return Quote(
        lines={line_id: QuotedLine(price=each) for line_id, each in prices.items()},
        totals=Totals(subtotal=total, discount=ZERO, tax=ZERO, total=total),
        document={"v": 1},
    )


def attempt(order_id: OrderId, amount: int, *, uid: str = "attempt-1") -> PaymentFact:
    """Return a successful attempt for an order."""
    return PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=Source(type=SourceType.SALE_ORDER, id=order_id),
        amount=Decimal(amount),
        transaction_uid="transaction-1",
        attempt_uid=uid,
        at=MORNING,
        transaction_id="77",
        attempt_id="78",
        payment_provider="VNPay",
        reason="approved",
    )


def paying(fact: PaymentFact, *, at: datetime = MORNING + timedelta(minutes=3)) -> Decide:
    """Decide as the webhook does."""

    def decide(order: Order) -> Decision:
        outcome, change = order.record_payment(fact, at=at)
        bucket = bucket_of(order.id)
        return Decision(
            change=change,
            messages=messages(change, new_id=fresh_id),
            webhook=delivered(bucket=bucket, outcome=outcome.value),
            outcome=outcome,
        )

    return decide


def sending(*wanted: Portion, at: datetime = MORNING + timedelta(minutes=1)) -> Decide:
    """Decide to send portions, or all that is unsent, with a recipe each and no station."""

    def decide(order: Order) -> Decision:
        made = {
            line.item_id: Preparation(recipe_id=RecipeId(f"recipe-{line.item_id}"))
            for line in order.basket.lines
            if line.item_id is not None
        }
        menu = Menu(stations=Stations(), preparations=made)
        change = cooking.send(order, wanted, menu, new_id=fresh_id, at=at, by="user-1")
        return Decision(change=change, messages=messages(change, new_id=fresh_id))

    return decide


def tapping(
    item_id: str, action: KitchenItemAction, *, at: datetime = MORNING + timedelta(minutes=2), reason: str | None = None
) -> Decide:
    """Decide to move a sent item on."""

    def decide(order: Order) -> Decision:
        change = cooking.act(order, KitchenItemId(item_id), action, reason=reason, at=at, by="cook-1")
        return Decision(change=change, messages=messages(change, new_id=fresh_id))

    return decide


def cancelling(*, reason: str = "gone", at: datetime = MORNING + timedelta(hours=2)) -> Decide:
    """Decide to give an order up."""

    def decide(order: Order) -> Decision:
        change = order.cancel(reason=reason, at=at, by="user-3")
        return Decision(change=change, messages=messages(change, new_id=fresh_id))

    return decide


def delivered(
    *, bucket: int, outcome: str = "parked", event_type: str | None = "mq-pay:attempt.success"
) -> ReceivedWebhook:
    """Return a webhook delivery."""
    return ReceivedWebhook(
        id=fresh_id(bucket),
        received_at=MORNING,
        event_type=event_type,
        body=b'{"eventType": "mq-pay:attempt.success", "\xff": 1}',
        outcome=outcome,
    )


class Refused(SaleError):
    """What a decision in a test raises."""
