"""What a payment does to an order: the webhook's outcome, and the transition that Kafka hears of (contract §6, §7)."""

from enum import Enum

import attrs

from sale_domain.ledger import SuccessfulAttempt
from sale_domain.order_lifecycle import OrderStatus


class PaymentOutcome(Enum):
    """What a payment event did; the webhook's answer (contract §6)."""

    APPLIED = "applied"
    ALREADY_APPLIED = "already-applied"
    UNALLOCATED = "unallocated"
    RECORDED = "recorded"
    PARKED = "parked"
    IGNORED = "ignored"


@attrs.frozen(kw_only=True)
class PaymentTransition:
    """An order's step into PARTIAL or COMPLETED, which Kafka is told once.

    Attributes:
        attempt: The attempt that brought it about, if one did.
        attempts: Every successful attempt that no earlier transition has reported.
    """

    number: int
    previous: OrderStatus
    attempt: SuccessfulAttempt | None
    attempts: tuple[SuccessfulAttempt, ...]
