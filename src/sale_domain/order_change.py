"""What one command did: to an order, and to whatever belongs to it."""

from typing import TYPE_CHECKING

import attrs

from sale_domain.documents import JsonObject
from sale_domain.feed import FeedAction, FeedEntry, Topic
from sale_domain.kitchen import ItemMove
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.payments import PaymentTransition
from sale_domain.snapshots import CheckoutSnapshot

if TYPE_CHECKING:
    from sale_domain.orders import Order


@attrs.frozen(kw_only=True)
class Change:
    """What one command did; without entries it did nothing.

    Attributes:
        order: The order as it is now, with everything that belongs to it.
        entries: One for each thing that has changed (contract §5), the order's own first.
        moves: The transitions of kitchen items, in the order in which Kafka is told of them.
    """

    order: "Order"
    entries: tuple[FeedEntry, ...] = ()
    moves: tuple[ItemMove, ...] = ()
    transition: PaymentTransition | None = None
    snapshot: CheckoutSnapshot | None = None


def order_entry(
    order: "Order",
    action: FeedAction,
    *,
    by: str,
    since: OrderStatus | None,
    reason: str | None = None,
    data: JsonObject | None = None,
    transition: int | None = None,
) -> FeedEntry:
    """Return the history entry that tells of an order as it is now; `since` is its status before, None of a new one."""
    return FeedEntry(
        topic=Topic.SALE_ORDER,
        action=action,
        thing_id=order.id,
        version=order.version,
        status=order.status.value,
        from_status=since.value if since else None,
        at=order.updated_at,
        by=by,
        reason=reason,
        transition=transition,
        data=data,
    )
