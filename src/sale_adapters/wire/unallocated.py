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
    """Which page of the list."""

    limit: PageSize = _FIFTY
    cursor: Cursor | None = None


@attrs.frozen(kw_only=True)
class UnallocatedBody:
    """An order that has received more than it could use; `unallocated` = received − paid."""

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
    """A page of orders with unallocated money, newest first; nextCursor is null on the last one."""

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
