"""Money that pays for nothing yet, as callers see it: orders that have received more than they could use."""

from datetime import datetime
from decimal import Decimal

import attrs

from sale_adapters.wire.scalars import Cursor, PageSize, cursor
from sale_domain.orders import Order
from sale_domain.ports.orders import OrderPage

_FIFTY = PageSize(50)


@attrs.frozen(kw_only=True)
class UnallocatedQuery:
    """Which page of the list.

    Attributes:
        limit: How many a page has at most.
        cursor: Where the page begins.
    """

    limit: PageSize = _FIFTY
    cursor: Cursor | None = None


@attrs.frozen(kw_only=True)
class UnallocatedBody:
    """An order that has received more than it could use.

    Attributes:
        order_number: As the order's `orderNumber`.
        status: Of the order: DRAFT, PROCESSING, PARTIAL, COMPLETED or CANCELLED.
        currency: ISO 4217; the amounts are in it.
        received: What has come in.
        paid: How much of it the order uses: never more than its total.
        unallocated: The rest: received − paid.
        updated_at: When anything of the order changed last.
    """

    sale_order_id: str
    order_number: str
    status: str
    currency: str
    received: Decimal
    paid: Decimal
    unallocated: Decimal
    updated_at: datetime


@attrs.frozen(kw_only=True)
class UnallocatedListBody:
    """A page of orders with unallocated money, newest first.

    Attributes:
        next_cursor: What `cursor` is to be for the next page; null on the last one.
    """

    items: tuple[UnallocatedBody, ...]
    next_cursor: str | None


def unallocated_body(page: OrderPage) -> UnallocatedListBody:
    """Return a page as callers see it."""
    return UnallocatedListBody(
        items=tuple(map(_item, page.orders)),
        next_cursor=None if page.next_after is None else cursor(page.next_after),
    )


def _item(order: Order) -> UnallocatedBody:
    return UnallocatedBody(
        sale_order_id=order.id,
        order_number=order.number,
        status=order.status.value,
        currency=order.currency,
        received=order.received.amount,
        paid=order.paid.amount,
        unallocated=order.unallocated.amount,
        updated_at=order.updated_at,
    )
