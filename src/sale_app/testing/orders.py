"""Strategies for one order, made by Sale's own heart: its lines, what pricing says of them, what mq-pay tells of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from sale_adapters.memory import MemoryPricing, SequentialIds
from sale_domain.ids import (
    CustomerId,
    ItemId,
    LineId,
    MerchantId,
    OrderId,
    RecipeId,
    SaleChannelId,
    StockId,
    merchant_bucket,
    new_id,
)
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.lines import Component, NewCustom, NewItem, NewProduct
from sale_domain.money import Currency, Money
from sale_domain.orders import Order
from sale_domain.ports.sisters import PricingRequest
from sale_domain.quotes import Quote
from sale_domain.snapshots import CheckoutSnapshot, ItemSnapshot

OPENING = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
"""When every drawn order is opened."""

CASHIER = "cashier"
"""Who opens it and checks it out."""

_MERCHANT = MerchantId("merchant-1")
_BUCKET = merchant_bucket(_MERCHANT)
_MILLISECONDS = st.integers(1_767_000_000_000, 1_800_000_000_000)
_RANDOMNESS = st.integers(0, (1 << 79) - 1)
_PERCENT = Decimal("0.01")


def _known(stock: str | None, recipe: str | None) -> ItemSnapshot:
    return ItemSnapshot(
        product_variant={},
        stock_id=None if stock is None else StockId(stock),
        recipe_id=None if recipe is None else RecipeId(recipe),
    )


MENU: Mapping[ItemId, ItemSnapshot] = {
    ItemId("variant-pho"): _known("stock-pho", "recipe-pho"),
    ItemId("variant-banh-mi"): _known("stock-banh-mi", "recipe-banh-mi"),
    ItemId("variant-pho-large"): _known("stock-pho", "recipe-pho-large"),
    ItemId("variant-tra-da"): _known("stock-tra-da", None),
    ItemId("variant-delivery"): _known(None, None),
}
"""What commerce knows of each item: two are of one stock, one needs no recipe, one neither."""


def ids() -> st.SearchStrategy[str]:
    """Draw ids of one merchant, as Sale makes them."""
    return st.builds(new_id, milliseconds=_MILLISECONDS, randomness=_RANDOMNESS, bucket=st.just(_BUCKET))


def ids_in_turn() -> st.SearchStrategy[SequentialIds]:
    """Draw what makes ids, none of them twice: Hypothesis likes to draw the same one again."""
    return st.builds(SequentialIds, milliseconds=_MILLISECONDS, first=_RANDOMNESS)


def amounts(*, most: int = 1_000_000) -> st.SearchStrategy[Decimal]:
    """Draw amounts above 0 with at most four decimals."""
    return st.decimals(Decimal("0.0001"), most, places=4)


def quantities() -> st.SearchStrategy[Decimal]:
    """Draw how many: mostly a few, sometimes a part of one."""
    return st.sampled_from([Decimal(text) for text in ("1", "2", "3", "10", "0.5", "0.0001")])


@st.composite
def drafts(draw: st.DrawFn, new: SequentialIds) -> Order:
    """Draw a DRAFT of one to four items: products, combos, custom ones; of a guest who may be known."""
    order_id = OrderId(new.new(_BUCKET))
    order = Order(
        id=order_id,
        number=f"20260105073000-{order_id}",
        merchant_id=_MERCHANT,
        sale_channel_id=SaleChannelId("channel-vnd"),
        customer_id=draw(st.sampled_from([None, CustomerId("customer-1")])),
        currency=draw(st.sampled_from([Currency("VND"), Currency("USD")])),
        created_at=OPENING,
        created_by=CASHIER,
        updated_at=OPENING,
    )
    return order.created(items=tuple(draw(st.lists(_items(new), min_size=1, max_size=4)))).order


@st.composite
def checkouts(draw: st.DrawFn, order: Order) -> tuple[Quote, CheckoutSnapshot]:
    """Draw what pricing and commerce say of a DRAFT, with a discount or a tax, or both; it may cost nothing at all."""
    pricing = MemoryPricing()
    pricing.discount_percent = Decimal(draw(st.sampled_from([0, 10, 0, 20, 100])))
    pricing.tax_percent = Decimal(draw(st.sampled_from([0, 8])))
    lines = order.basket.lines
    for item_id in dict.fromkeys(line.item_id for line in lines if line.item_id is not None):
        pricing.charge(item_id, draw(st.integers(1, 100_000)), order.currency)
    quote = pricing.quote(PricingRequest(currency=order.currency, sale_channel_id=order.sale_channel_id, lines=lines))
    snapshot = CheckoutSnapshot(
        checkout=1,
        at=OPENING,
        pricing_v1=quote.document,
        pricing_v2={},
        sale_channel={},
        items={line.id: MENU[line.item_id] for line in lines if line.item_id is not None},
        exchange_rate=None if order.currency == "VND" else Decimal("25400.5"),
    )
    return quote, snapshot


@st.composite
def facts(draw: st.DrawFn, order: Order, total: Money) -> PaymentFact:
    """Draw a success that mq-pay may tell: one of three attempts, or the transaction it is a part of, of any size.

    The same attempt may be told again with more, and a transaction be settled of which no attempt is ever told.
    """
    number, percent = draw(st.integers(1, 3)), draw(st.sampled_from([50, 20, 10, 30, 100, 120]))
    amount = total.times(percent * _PERCENT).amount
    if draw(st.sampled_from([True, True, False])):
        transaction = draw(st.sampled_from([None, f"transaction-{number}"]))
        return attempted(order, f"attempt-{number}", amount, transaction_uid=transaction)
    return PaymentFact(
        type=FactType.TRANSACTION_SETTLED,
        source=_source(order),
        amount=amount,
        transaction_uid=f"transaction-{number}",
        at=OPENING,
    )


def attempted(order: Order, uid: str, amount: Decimal, *, transaction_uid: str | None) -> PaymentFact:
    """Return mq-pay's word that an attempt has succeeded."""
    return PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=_source(order),
        amount=amount,
        attempt_uid=uid,
        attempt_id=f"id-of-{uid}",
        transaction_uid=transaction_uid,
        payment_provider="CASH",
        at=OPENING,
    )


@st.composite
def _items(draw: st.DrawFn, new: SequentialIds) -> NewItem:
    line_id, quantity = LineId(new.new(_BUCKET)), draw(quantities())
    note = draw(st.sampled_from([None, "no onion"]))
    if draw(st.sampled_from([False, False, False, True])):
        price = draw(amounts(most=100_000))
        return NewCustom(id=line_id, name="Corkage", unit_price=price, quantity=quantity, note=note)
    item_id = draw(st.sampled_from(list(MENU)))
    parts = draw(st.lists(_components(new), max_size=2))
    return NewProduct(id=line_id, item_id=item_id, name=item_id, quantity=quantity, note=note, components=tuple(parts))


@st.composite
def _components(draw: st.DrawFn, new: SequentialIds) -> Component:
    item_id, each = draw(st.sampled_from(list(MENU))), Decimal(draw(st.integers(1, 2)))
    return Component(id=LineId(new.new(_BUCKET)), item_id=item_id, name=item_id, quantity=each)


def _source(order: Order) -> Source:
    return Source(type=SourceType.SALE_ORDER, id=order.id)
