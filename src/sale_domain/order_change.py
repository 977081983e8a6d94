"""What one command did: to an order, and to whatever belongs to it."""

from typing import TYPE_CHECKING

import attrs

from sale_domain.events import FeedEntry
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
    """

    order: "Order"
    entries: tuple[FeedEntry, ...] = ()
    transition: PaymentTransition | None = None
    snapshot: CheckoutSnapshot | None = None
