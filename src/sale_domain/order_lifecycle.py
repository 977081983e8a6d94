"""The order's life: its states, its actions and the one table that says which leads where (contract §5)."""

from enum import Enum

from sale_domain.lifecycle import Lifecycle


class OrderStatus(Enum):
    """Where an order is in its life."""

    DRAFT = "DRAFT"
    PROCESSING = "PROCESSING"
    PARTIAL = "PARTIAL"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class OrderAction(Enum):
    """What can be done to an order."""

    EDIT = "edit"
    CHECK_OUT = "checkout"
    REVERT = "revert"
    PAY_PARTLY = "pay partly"
    PAY_FULLY = "pay fully"
    CANCEL = "cancel"


ORDER_LIFECYCLE = Lifecycle[OrderStatus, OrderAction](
    thing="sale order",
    initial=OrderStatus.DRAFT,
    table={
        OrderStatus.DRAFT: {
            OrderAction.EDIT: OrderStatus.DRAFT,
            OrderAction.CHECK_OUT: OrderStatus.PROCESSING,
            OrderAction.CANCEL: OrderStatus.CANCELLED,
        },
        OrderStatus.PROCESSING: {
            OrderAction.REVERT: OrderStatus.DRAFT,
            OrderAction.PAY_PARTLY: OrderStatus.PARTIAL,
            OrderAction.PAY_FULLY: OrderStatus.COMPLETED,
            OrderAction.CANCEL: OrderStatus.CANCELLED,
        },
        OrderStatus.PARTIAL: {
            OrderAction.PAY_FULLY: OrderStatus.COMPLETED,
            OrderAction.CANCEL: OrderStatus.CANCELLED,
        },
        OrderStatus.COMPLETED: {},
        OrderStatus.CANCELLED: {},
    },
)
"""What becomes of an order by each action, from each status (contract §5)."""
