"""The life of what the kitchen makes: an item's transitions, and the ticket's status as a fold of its items."""

from collections.abc import Iterable
from enum import Enum

from sale_domain.lifecycle import Lifecycle


class KitchenItemStatus(Enum):
    """Where a sent item is in its life."""

    PENDING = "PENDING"
    COOKING = "COOKING"
    READY = "READY"
    SERVED = "SERVED"
    VOIDED = "VOIDED"


class KitchenItemAction(Enum):
    """What can be done to a sent item."""

    COOK = "cook"
    FINISH = "finish"
    SERVE = "serve"
    RECALL = "recall"
    VOID = "void"


KITCHEN_ITEM_LIFECYCLE = Lifecycle[KitchenItemStatus, KitchenItemAction](
    thing="kitchen ticket item",
    initial=KitchenItemStatus.PENDING,
    table={
        KitchenItemStatus.PENDING: {
            KitchenItemAction.COOK: KitchenItemStatus.COOKING,
            KitchenItemAction.VOID: KitchenItemStatus.VOIDED,
        },
        KitchenItemStatus.COOKING: {
            KitchenItemAction.FINISH: KitchenItemStatus.READY,
            KitchenItemAction.VOID: KitchenItemStatus.VOIDED,
        },
        KitchenItemStatus.READY: {
            KitchenItemAction.SERVE: KitchenItemStatus.SERVED,
            KitchenItemAction.RECALL: KitchenItemStatus.COOKING,
            KitchenItemAction.VOID: KitchenItemStatus.VOIDED,
        },
        KitchenItemStatus.SERVED: {},
        KitchenItemStatus.VOIDED: {},
    },
)
"""What becomes of a ticket's item by each action, from each status (contract §5)."""


class KitchenTicketStatus(Enum):
    """Where a ticket is: always what its items say, never set by hand (contract §5)."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    READY = "READY"
    COMPLETED = "COMPLETED"
    VOIDED = "VOIDED"

    @property
    def is_over(self) -> bool:
        """Tell whether there is nothing left to cook or to serve."""
        return self in (KitchenTicketStatus.COMPLETED, KitchenTicketStatus.VOIDED)


def ticket_status(items: Iterable[KitchenItemStatus]) -> KitchenTicketStatus:
    """Fold what the items of a ticket are into what the ticket is; VOIDED items do not count.

    >>> ticket_status([KitchenItemStatus.READY, KitchenItemStatus.COOKING, KitchenItemStatus.VOIDED])
    <KitchenTicketStatus.PROCESSING: 'PROCESSING'>
    """
    left = set(items) - {KitchenItemStatus.VOIDED}
    if not left:
        return KitchenTicketStatus.VOIDED
    if left == {KitchenItemStatus.SERVED}:
        return KitchenTicketStatus.COMPLETED
    if left <= {KitchenItemStatus.READY, KitchenItemStatus.SERVED}:
        return KitchenTicketStatus.READY
    return KitchenTicketStatus.PENDING if left == {KitchenItemStatus.PENDING} else KitchenTicketStatus.PROCESSING
