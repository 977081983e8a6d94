"""Orders as callers see them: the answers of contract §9."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from sale_adapters.wire.scalars import cursor
from sale_domain.documents import JsonObject
from sale_domain.ledger import PaymentFact
from sale_domain.lines import Line
from sale_domain.money import Money
from sale_domain.orders import Order
from sale_domain.ports.orders import History, NumberedEntry, OrderPage
from sale_domain.snapshots import CheckoutSnapshot
from sale_domain.use_cases.checkout import Preview
from sale_domain.views import OrderView


@attrs.frozen(kw_only=True)
class LineBody:
    """A line; prices are null in DRAFT, but for a CUSTOM line's own unitPrice."""

    id: str
    mode: str
    item_type: str
    item_id: str | None
    name: str
    lead_item_id: str | None
    quantity: Decimal
    base_price: Decimal | None
    unit_price: Decimal | None
    discount: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    note: str | None
    sent_quantity: Decimal


@attrs.frozen(kw_only=True)
class PaymentBody:
    """One thing that mq-pay has told of the order; `status` is success, failed, expired, cancelled or settled."""

    transaction_uid: str | None
    attempt_uid: str | None
    status: str
    amount: Decimal
    payment_provider: str | None
    at: datetime


@attrs.frozen(kw_only=True)
class ItemSnapshotBody:
    """What was known of a line's item at checkout."""

    product_variant: JsonObject
    product_info: JsonObject | None
    category: JsonObject | None
    stock_id: str | None
    recipe_id: str | None
    fare_id: str | None
    fare_provider: str | None


@attrs.frozen(kw_only=True)
class SnapshotsBody:
    """What the last checkout was decided on (C23); items by line id."""

    checkout: int
    at: datetime
    pricing_v1: JsonObject
    pricing_v2: JsonObject
    sale_channel: JsonObject
    items: Mapping[str, ItemSnapshotBody]
    allocations: tuple[JsonObject, ...]


@attrs.frozen(kw_only=True)
class OrderBody:
    """An order; `snapshots` is null in DRAFT and in lists."""

    id: str
    order_number: str
    merchant_id: str
    sale_channel_id: str
    customer_id: str | None
    status: str
    version: int
    currency: str
    exchange_rate: Decimal | None
    note: str | None
    items: tuple[LineBody, ...]
    subtotal: Decimal | None
    discount: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    received: Decimal
    paid: Decimal
    unallocated: Decimal
    is_fully_paid: bool
    payments: tuple[PaymentBody, ...]
    snapshots: SnapshotsBody | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    checked_out_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None


@attrs.frozen(kw_only=True)
class OrderListBody:
    """A page of orders, newest first; nextCursor is null on the last one."""

    items: tuple[OrderBody, ...]
    next_cursor: str | None


@attrs.frozen(kw_only=True)
class HistoryRowBody:
    """One change of the order; `n` is the merchant's feed number."""

    n: int
    at: datetime
    by: str
    action: str
    from_: str | None
    to: str
    version: int
    reason: str | None
    transition: int | None
    data: JsonObject | None


@attrs.frozen(kw_only=True)
class HistoryBody:
    """What happened to an order, oldest first."""

    items: tuple[HistoryRowBody, ...]


@attrs.frozen(kw_only=True)
class PreviewLineBody:
    """What a line would cost now."""

    line_id: str
    base_price: Decimal
    unit_price: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


@attrs.frozen(kw_only=True)
class PreviewBody:
    """What an order would cost now; nothing was written."""

    currency: str
    items: tuple[PreviewLineBody, ...]
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


def order_body(view: OrderView) -> OrderBody:
    """Return an order as callers see it."""
    order = view.order
    totals = order.totals
    return OrderBody(
        id=order.id,
        order_number=order.number,
        merchant_id=order.merchant_id,
        sale_channel_id=order.sale_channel_id,
        customer_id=order.customer_id,
        status=order.status.value,
        version=order.version,
        currency=order.currency,
        exchange_rate=order.exchange_rate,
        note=order.note,
        items=tuple(_line(line) for line in order.basket.lines),
        subtotal=totals.subtotal.amount if totals else None,
        discount=totals.discount.amount if totals else None,
        tax=totals.tax.amount if totals else None,
        total=totals.total.amount if totals else None,
        received=order.received.amount,
        paid=order.paid.amount,
        unallocated=order.unallocated.amount,
        is_fully_paid=order.is_fully_paid,
        payments=tuple(_payment(fact) for fact in order.ledger.facts),
        snapshots=_snapshots(view.snapshot) if view.snapshot else None,
        created_at=order.created_at,
        created_by=order.created_by,
        updated_at=order.updated_at,
        checked_out_at=order.checked_out_at,
        completed_at=order.completed_at,
        cancelled_at=order.cancelled_at,
        cancel_reason=order.cancel_reason,
    )


def order_list_body(page: OrderPage) -> OrderListBody:
    """Return a page of orders as callers see it."""
    return OrderListBody(
        items=tuple(order_body(_listed(order)) for order in page.orders),
        next_cursor=None if page.next_after is None else cursor(page.next_after),
    )


def history_body(history: History) -> HistoryBody:
    """Return an order's history as callers see it."""
    return HistoryBody(items=tuple(_history_row(numbered) for numbered in history.entries))


def preview_body(preview: Preview) -> PreviewBody:
    """Return what an order would cost, its lines in the order's own sequence."""
    totals = preview.quote.totals
    return PreviewBody(
        currency=preview.order.currency,
        items=tuple(_preview_line(line, preview) for line in preview.order.basket.lines),
        subtotal=totals.subtotal.amount,
        discount=totals.discount.amount,
        tax=totals.tax.amount,
        total=totals.total.amount,
    )


def _listed(order: Order) -> OrderView:
    return OrderView(order=order)


def _line(line: Line) -> LineBody:
    price = line.price
    return LineBody(
        id=line.id,
        mode=line.mode.value,
        item_type=line.item_type,
        item_id=line.item_id,
        name=line.name,
        lead_item_id=line.lead_id,
        quantity=line.quantity,
        base_price=price.base_price.amount if price else None,
        unit_price=_amount(line.unit_price),
        discount=price.discount.amount if price else None,
        tax=price.tax.amount if price else None,
        total=price.total.amount if price else None,
        note=line.note,
        sent_quantity=line.sent_quantity,
    )


def _amount(money: Money | None) -> Decimal | None:
    return None if money is None else money.amount


def _payment(fact: PaymentFact) -> PaymentBody:
    return PaymentBody(
        transaction_uid=fact.transaction_uid,
        attempt_uid=fact.attempt_uid,
        status=fact.type.value.rpartition(".")[2],
        amount=fact.amount,
        payment_provider=fact.payment_provider,
        at=fact.at,
    )


def _snapshots(snapshot: CheckoutSnapshot) -> SnapshotsBody:
    return SnapshotsBody(
        checkout=snapshot.checkout,
        at=snapshot.at,
        pricing_v1=snapshot.pricing_v1,
        pricing_v2=snapshot.pricing_v2,
        sale_channel=snapshot.sale_channel,
        items={
            line_id: ItemSnapshotBody(
                product_variant=item.product_variant,
                product_info=item.product_info,
                category=item.category,
                stock_id=item.stock_id,
                recipe_id=item.recipe_id,
                fare_id=item.fare_id,
                fare_provider=item.fare_provider,
            )
            for line_id, item in snapshot.items.items()
        },
        allocations=snapshot.allocations,
    )


def _history_row(numbered: NumberedEntry) -> HistoryRowBody:
    entry = numbered.entry
    return HistoryRowBody(
        n=numbered.n,
        at=entry.at,
        by=entry.by,
        action=entry.action.value,
        from_=entry.from_status,
        to=entry.status,
        version=entry.version,
        reason=entry.reason,
        transition=entry.transition,
        data=entry.data,
    )


def _preview_line(line: Line, preview: Preview) -> PreviewLineBody:
    price = preview.quote.lines[line.id].price
    return PreviewLineBody(
        line_id=line.id,
        base_price=price.base_price.amount,
        unit_price=price.unit_price.amount,
        discount=price.discount.amount,
        tax=price.tax.amount,
        total=price.total.amount,
    )
