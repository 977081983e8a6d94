"""A small phở shop: the orders, prices and payments that tests of the heart share."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from sale_domain.events import PaymentSuccess
from sale_domain.ids import ItemId, LineId, MerchantId, OrderId, RecipeId, SaleChannelId, StockId
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.lines import Component, Line, LinePrice, NewCustom, NewItem, NewProduct
from sale_domain.messages import Message
from sale_domain.money import Currency, Money
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.quotes import Quote, QuotedLine, Totals
from sale_domain.snapshots import CheckoutSnapshot, ItemSnapshot

VND = Currency("VND")
MORNING = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
ORDER_ID = OrderId("0000000000000000000000000100")
THIS_ORDER = Source(type=SourceType.SALE_ORDER, id=ORDER_ID)
A_CHECK = Source(type=SourceType.SALE_CHECK, id="check-1")
PRICES: Mapping[str, Decimal] = {
    "variant-pho": Decimal(65_000),
    "variant-tra-da": Decimal(5_000),
    "variant-banh-mi": Decimal(30_000),
    "variant-combo-sang": Decimal(35_000),
}

_numbers = count(1)


def vnd(amount: Decimal | int | str) -> Money:
    return Money(Decimal(amount), VND)


def minutes(number: float) -> datetime:
    """Return the time that many minutes after the shop has opened."""
    return MORNING + timedelta(minutes=number)


def a_line_id() -> LineId:
    return LineId(f"line-{next(_numbers)}")


def product(item: str, quantity: Decimal | int | str = 1, *, note: str | None = None, **parts: int) -> NewProduct:
    """Return an item to add, `product("combo-sang", banh_mi=1, tra_da=1)` for a combo."""
    return NewProduct(
        id=a_line_id(),
        item_id=ItemId(f"variant-{item}"),
        name=item,
        quantity=Decimal(quantity),
        note=note,
        components=tuple(
            Component(id=a_line_id(), item_id=_variant(part), name=part, quantity=Decimal(each))
            for part, each in parts.items()
        ),
    )


def pho(quantity: Decimal | int | str = 1, *, note: str | None = None) -> NewProduct:
    return product("pho", quantity, note=note)


def combo(quantity: Decimal | int | str = 1, *, note: str | None = None) -> NewProduct:
    """Return a morning combo: a bánh mì and two glasses of tea."""
    return product("combo-sang", quantity, note=note, banh_mi=1, tra_da=2)


def custom(unit_price: Decimal | int | str = 20_000, quantity: Decimal | int | str = 1) -> NewCustom:
    return NewCustom(
        id=a_line_id(), name="Hộp mang về", unit_price=Decimal(unit_price), quantity=Decimal(quantity), note=None
    )


def draft(*items: NewItem) -> Order:
    """Return a new order."""
    return opened(*items).order


def opened(*items: NewItem) -> Change:
    order = Order(
        id=ORDER_ID,
        number=f"20260105073000-{ORDER_ID}",
        merchant_id=MerchantId("merchant-1"),
        sale_channel_id=SaleChannelId("channel-vnd"),
        currency=VND,
        created_at=MORNING,
        created_by="lan",
        updated_at=MORNING,
    )
    return order.created(items=items)


def quote(order: Order, *, prices: Mapping[str, Decimal] = PRICES, discount: int = 0, tax: int = 0) -> Quote:
    """Price an order as pricing would; discount and tax are amounts on the first line."""
    lines = {
        line.id: QuotedLine(price=_price(line, prices, discount=0 if n else discount, tax=0 if n else tax))
        for n, line in enumerate(order.basket.lines)
    }
    figures = [(line, lines[line.id].price) for line in order.basket.lines]
    totals = Totals(
        subtotal=Money.sum((price.base_price.times(line.quantity) for line, price in figures), currency=VND),
        discount=Money.sum((price.discount for _, price in figures), currency=VND),
        tax=Money.sum((price.tax for _, price in figures), currency=VND),
        total=Money.sum((price.total for _, price in figures), currency=VND),
    )
    return Quote(lines=lines, totals=totals, document={"by": "pricing v1"})


def snapshot(order: Order, *, exchange_rate: Decimal | None = None, at: datetime = MORNING) -> CheckoutSnapshot:
    """Freeze a catalogue where every item has a stock, and all but the tea a recipe."""
    items = {
        line.id: ItemSnapshot(
            product_variant={"id": line.item_id},
            stock_id=StockId(line.item_id.replace("variant", "stock")),
            recipe_id=None if line.item_id == "variant-tra-da" else RecipeId(line.item_id.replace("variant", "recipe")),
        )
        for line in order.basket.lines
        if line.item_id is not None
    }
    return CheckoutSnapshot(
        checkout=order.checkouts + 1,
        at=at,
        pricing_v1={"by": "pricing v1"},
        pricing_v2={"by": "pricing v2"},
        sale_channel={"id": order.sale_channel_id},
        items=items,
        exchange_rate=exchange_rate,
    )


def check_out(order: Order, *, prices: Mapping[str, Decimal] = PRICES, at: datetime = MORNING) -> Change:
    return order.check_out(quote(order, prices=prices), snapshot(order, at=at), at=at, by="lan")


def checked_out(*items: NewItem) -> Order:
    return check_out(draft(*items)).order


def paid_attempt(
    uid: str, amount: Decimal | int | str, *, transaction: str | None = None, source: Source = THIS_ORDER
) -> PaymentFact:
    """Return mq-pay's word that an attempt has succeeded."""
    return fact(FactType.ATTEMPT_SUCCESS, amount, attempt=uid, transaction=transaction, source=source)


def settled(uid: str, paid: Decimal | int | str, *, source: Source = THIS_ORDER) -> PaymentFact:
    """Return mq-pay's word that a transaction is settled."""
    return fact(FactType.TRANSACTION_SETTLED, paid, transaction=uid, source=source)


def fact(
    kind: FactType,
    amount: Decimal | int | str,
    *,
    attempt: str | None = None,
    transaction: str | None = None,
    source: Source = THIS_ORDER,
) -> PaymentFact:
    return PaymentFact(
        type=kind,
        source=source,
        amount=Decimal(amount),
        attempt_uid=attempt,
        attempt_id=None if attempt is None else f"id-of-{attempt}",
        transaction_uid=transaction,
        payment_provider=None if attempt is None else "vnpay",
        at=MORNING,
    )


def pay(order: Order, *facts: PaymentFact, at: datetime = MORNING) -> Order:
    """Let an order hear of payments, one after the other."""
    for each in facts:
        order = order.record_payment(each, at=at)[1].order
    return order


def paid_event(message: Message) -> PaymentSuccess:
    """Return what a message tells of a payment."""
    assert isinstance(message.payload, PaymentSuccess)
    return message.payload


def _variant(part: str) -> ItemId:
    return ItemId(f"variant-{part.replace('_', '-')}")


def _price(line: Line, prices: Mapping[str, Decimal], *, discount: int, tax: int) -> LinePrice:
    if line.is_child:
        return LinePrice(base_price=vnd(0), unit_price=vnd(0), discount=vnd(0), tax=vnd(0), total=vnd(0))
    base = vnd(prices[line.item_id or ""]) if line.own_price is None else line.own_price
    total = base.times(line.quantity) - vnd(discount) + vnd(tax)
    return LinePrice(base_price=base, unit_price=base, discount=vnd(discount), tax=vnd(tax), total=total)
