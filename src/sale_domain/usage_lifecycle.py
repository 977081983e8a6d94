"""The lifecycle of an allocation usage: that a unit is taken, and how that ends (contract §5)."""

from enum import Enum

from sale_domain.lifecycle import Lifecycle


class UsageStatus(Enum):
    """Where a usage is in its life."""

    ACTIVE = "ACTIVE"
    SUCCESS = "SUCCESS"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class UsageAction(Enum):
    """What can be done to a usage."""

    MOVE = "move"
    COMPLETE = "complete"
    CANCEL = "cancel"
    EXPIRE = "expire"


USAGE_LIFECYCLE = Lifecycle[UsageStatus, UsageAction](
    thing="allocation usage",
    initial=UsageStatus.ACTIVE,
    table={
        UsageStatus.ACTIVE: {
            UsageAction.MOVE: UsageStatus.ACTIVE,
            UsageAction.COMPLETE: UsageStatus.SUCCESS,
            UsageAction.CANCEL: UsageStatus.CANCELLED,
            UsageAction.EXPIRE: UsageStatus.EXPIRED,
        },
        UsageStatus.SUCCESS: {},
        UsageStatus.CANCELLED: {},
        UsageStatus.EXPIRED: {},
    },
)
"""What becomes of the use of a table by each action, from each status (contract §5)."""
