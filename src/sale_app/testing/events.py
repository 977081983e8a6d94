"""Strategies for what Kafka tells: one order's events, and the ways in which a consumer may hear them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st

from sale_domain.events import (
    Event,
    EventItem,
    EventTotals,
    KitchenItemStatusChanged,
    PaidAttempt,
    Payment,
    PaymentSuccess,
    StockQuantity,
)
from sale_domain.ids import (
    EventId,
    ItemId,
    KitchenItemId,
    KitchenTicketId,
    LineId,
    MerchantId,
    OrderId,
    RecipeId,
    SaleChannelId,
    StockId,
    new_id,
)
from sale_domain.kitchen_lifecycle import KITCHEN_ITEM_LIFECYCLE

E = TypeVar("E", bound=Event)

_BUCKET = 77
_MERCHANT = MerchantId("merchant-1")
_OPENING = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
_DISHES = ("pho", "banh-mi", "tra-da")


def ids() -> st.SearchStrategy[str]:
    """Draw ids of one merchant, as Sale makes them."""
    return st.builds(
        new_id,
        milliseconds=st.integers(1_767_000_000_000, 1_800_000_000_000),
        randomness=st.integers(0, (1 << 80) - 1),
        bucket=st.just(_BUCKET),
    )


def amounts(*, most: int = 1_000_000) -> st.SearchStrategy[Decimal]:
    """Draw amounts above 0 with at most four decimals."""
    return st.decimals(Decimal("0.0001"), most, places=4)


def quantities() -> st.SearchStrategy[Decimal]:
    """Draw how many: mostly a few, sometimes a part of one."""
    return st.sampled_from([Decimal(text) for text in ("1", "2", "3", "10", "0.5", "0.0001")])


@st.composite
def payments(draw: st.DrawFn) -> tuple[PaymentSuccess, ...]:
    """Draw all that one order's payments tell: one event when paid at once, two when first in part (C12).

    Its parts agree as Sale's do: totals are sums of lines, `stocks` sums up the lines of a stock, each attempt is
    listed once, and what is not fully paid is PARTIAL.
    """
    items = tuple(draw(st.lists(_items(), min_size=1, max_size=4)))
    total = sum((item.total for item in items), start=Decimal(0))
    first = draw(amounts(most=int(total) + 1))
    parts = (first, total - first) if first < total else (total,)
    order_id = draw(ids())
    return tuple(
        PaymentSuccess(
            event_id=EventId(draw(ids())),
            sale_order_id=OrderId(order_id),
            sale_order_number=f"20260105073000-{order_id}",
            sale_order_status="COMPLETED" if n == len(parts) else "PARTIAL",
            previous_sale_order_status="PROCESSING" if n == 1 else "PARTIAL",
            transition=n,
            merchant_id=_MERCHANT,
            sale_channel_id=SaleChannelId("channel-vnd"),
            payment=_payment(total, parts[:n]),
            totals=EventTotals(subtotal=total, discount=Decimal(0), tax=Decimal(0), total=total),
            items=items,
            stocks=_stocks(items),
        )
        for n in range(1, len(parts) + 1)
    )


@st.composite
def kitchen_items(draw: st.DrawFn) -> tuple[KitchenItemStatusChanged, ...]:
    """Draw what one kitchen item tells in its life, recalls and voids included, as its lifecycle allows (C15)."""
    dish = draw(st.sampled_from(_DISHES))
    order_id, ticket_id, item_id, line_id = draw(ids()), draw(ids()), draw(ids()), draw(ids())
    quantity, status = draw(quantities()), KITCHEN_ITEM_LIFECYCLE.initial
    told: list[KitchenItemStatusChanged] = []
    for minutes in range(draw(st.integers(1, 8))):
        if KITCHEN_ITEM_LIFECYCLE.is_terminal(status):
            break
        previous, status = status, draw(st.sampled_from(list(KITCHEN_ITEM_LIFECYCLE.table[status].values())))
        told.append(
            KitchenItemStatusChanged(
                event_id=EventId(draw(ids())),
                sale_order_id=OrderId(order_id),
                merchant_id=_MERCHANT,
                kitchen_ticket_id=KitchenTicketId(ticket_id),
                kitchen_ticket_item_id=KitchenItemId(item_id),
                sale_order_item_id=LineId(line_id),
                previous_status=previous.value,
                status=status.value,
                changed_at=_OPENING + timedelta(minutes=minutes),
                quantity=quantity,
                item_type="PRODUCT_VARIANT",
                item_id=ItemId(f"variant-{dish}"),
                recipe_id=RecipeId(f"recipe-{dish}"),
            )
        )
    return tuple(told)


@st.composite
def heard(draw: st.DrawFn, told: Sequence[E]) -> list[E]:
    """Draw how a consumer hears these events of one order: all, in their order, some again after it was killed.

    Whoever restarts begins at the last offset that he committed, so any run may be repeated.
    """
    deliveries: list[E] = []
    place = 0
    for back in draw(st.lists(st.integers(0, len(told)), max_size=5)):
        stop = draw(st.integers(place, len(told)))
        deliveries += told[place:stop]
        place = max(0, stop - back)
    return deliveries + list(told[place:])


@st.composite
def _items(draw: st.DrawFn) -> EventItem:
    dish, quantity, price = draw(st.sampled_from(_DISHES)), draw(quantities()), draw(st.integers(1, 100_000))
    return EventItem(
        sale_order_item_id=LineId(draw(ids())),
        item_type="PRODUCT_VARIANT",
        item_id=ItemId(f"variant-{dish}"),
        stock_id=StockId(f"stock-{dish}"),
        recipe_id=RecipeId(f"recipe-{dish}"),
        mode="PRODUCT",
        quantity=quantity,
        unit_price=Decimal(price),
        total=quantity * price,
    )


def _payment(total: Decimal, parts: Sequence[Decimal]) -> Payment:
    attempt = PaidAttempt(uid=f"attempt-{len(parts)}", amount=parts[-1], payment_provider="CASH")
    paid = sum(parts, start=Decimal(0))
    return Payment(
        total=total,
        paid=paid,
        currency="VND",
        exchange_rate=Decimal(1),
        is_fully_paid=paid == total,
        paid_at=_OPENING + timedelta(hours=len(parts)),
        attempt=attempt,
        attempts=(attempt,),
    )


def _stocks(items: Sequence[EventItem]) -> tuple[StockQuantity, ...]:
    sums: Mapping[StockId, Decimal] = {
        stock: sum((item.quantity for item in items if item.stock_id == stock), start=Decimal(0))
        for item in items
        if (stock := item.stock_id) is not None
    }
    return tuple(StockQuantity(stock_id=stock, quantity=quantity) for stock, quantity in sums.items())
