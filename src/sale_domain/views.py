"""What readers see: an order with what its last checkout froze."""

import attrs

from sale_domain.orders import Order
from sale_domain.snapshots import CheckoutSnapshot


@attrs.frozen(kw_only=True)
class OrderView:
    """An order as readers see it.

    Attributes:
        snapshot: What its last checkout froze; None in DRAFT, and in lists.
        feed_seq: The merchant's feed number that this is true for; on reads only.
        touched: The ids of the things that a command has just made or changed.
    """

    order: Order
    snapshot: CheckoutSnapshot | None = None
    feed_seq: int | None = None
    touched: frozenset[str] = attrs.field(default=frozenset(), eq=False)
