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
from sale_domain.ports.orders import OrderPage
from sale_domain.snapshots import CheckoutSnapshot
from sale_domain.views import OrderView


@attrs.frozen(kw_only=True)
class LineBody:
    """A line; prices are null in DRAFT, but for a CUSTOM line's own unitPrice.

    Attributes:
        mode: PRODUCT, an item of the catalogue, or CUSTOM.
        item_type: `PRODUCT_VARIANT` unless the request said otherwise, also of a CUSTOM line.
        item_id: The catalogue's item; null for a CUSTOM line.
        lead_item_id: The line of the combo that this one is a part of; null if it is none.
        quantity: Greater than 0; a combo's part has that of all combos together.
        base_price: Of one, before discount and tax.
        unit_price: Of one, as it is sold.
        discount: Of the whole line, as tax and total are.
        tax: Of the whole line.
        total: Of the whole line.
        sent_quantity: What the kitchen has and has not voided.
    """

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
    """One thing that mq-pay has told of the order.

    Attributes:
        transaction_uid: The transaction, by mq-pay's name; null when none was named.
        attempt_uid: The attempt, by mq-pay's name; null when none was named.
        status: Of the attempt success, failed, expired or cancelled; of the transaction settled or cancelled.
        amount: What the attempt is worth, or what the transaction says is paid; in the order's currency.
        payment_provider: Who carried the attempt's money.
        at: When it happened, as mq-pay says.
    """

    transaction_uid: str | None
    attempt_uid: str | None
    status: str
    amount: Decimal
    payment_provider: str | None
    at: datetime


@attrs.frozen(kw_only=True)
class ItemSnapshotBody:
    """What was known of a line's item at checkout.

    Attributes:
        product_variant: Commerce's own document, as are the next two.
        product_info: Commerce's own document.
        category: The variant's first category; commerce's own document.
        stock_id: Where inventory keeps the item.
        recipe_id: How the kitchen makes it.
        fare_id: By which of pricing's fares it was sold.
        fare_provider: Who made that fare.
    """

    product_variant: JsonObject
    product_info: JsonObject | None
    category: JsonObject | None
    stock_id: str | None
    recipe_id: str | None
    fare_id: str | None
    fare_provider: str | None


@attrs.frozen(kw_only=True)
class SnapshotsBody:
    """What the last checkout was decided on (C23); items by line id.

    Attributes:
        checkout: 1 for the order's first checkout, 2 for the next, …
        at: When it was.
        pricing_v1: What pricing's v1 answered, which is charged.
        pricing_v2: What its v2 answered, which is kept for audit and tax.
        sale_channel: Commerce's own document.
        items: By line id; PRODUCT lines only.
        allocations: The order's usages of tables and other units, as they were then.
    """

    checkout: int
    at: datetime
    pricing_v1: JsonObject
    pricing_v2: JsonObject
    sale_channel: JsonObject
    items: Mapping[str, ItemSnapshotBody]
    allocations: tuple[JsonObject, ...]


@attrs.frozen(kw_only=True)
class OrderBody:
    """An order: the cart and the bill in one.

    Attributes:
        order_number: For people: when the order was opened, and its id.
        status: DRAFT, PROCESSING, PARTIAL, COMPLETED or CANCELLED.
        version: 1 when created, one more with every command that changes something; what If-Match names.
        currency: ISO 4217; all amounts of the order are in it.
        exchange_rate: Units of the channel's currency per unit of the order's; null if they are one, and in DRAFT.
        items: Its lines, a combo's parts among them.
        subtotal: What pricing said at checkout, as discount, tax and total are; null in DRAFT.
        discount: See subtotal.
        tax: See subtotal.
        total: What is to be paid.
        received: What has come in.
        paid: How much of it the order uses: never more than its total.
        unallocated: The rest: received − paid.
        is_fully_paid: Whether it is COMPLETED.
        payments: What mq-pay has told, a row each. No list of sums: an attempt and its transaction are the same money.
        snapshots: What the last checkout was decided on; null in DRAFT and in lists.
        created_by: The user.
        updated_at: When anything of it changed last, its kitchen included.
        checked_out_at: Null in DRAFT.
        completed_at: When the last of the money came in; null until then.
        cancelled_at: Null unless it is CANCELLED.
        cancel_reason: Null unless it is CANCELLED.
    """

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
    """A page of orders, newest first.

    Attributes:
        next_cursor: What `cursor` is to be for the next page; null on the last one.
    """

    items: tuple[OrderBody, ...]
    next_cursor: str | None


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
