"""What a payment does to an order: the webhook's outcome, and the transition that Kafka hears of (contract §6, §7)."""

from collections.abc import Iterable
from enum import Enum

import attrs

from sale_domain.documents import JsonObject
from sale_domain.ledger import Ledger, PaymentFact, SuccessfulAttempt, UidConflict
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

    @classmethod
    def told_by(
        cls, ledger: Ledger, *, reported_facts: int, number: int, previous: OrderStatus, trigger: PaymentFact | None
    ) -> "PaymentTransition":
        """Return the step with what the ledger knows of it beyond its first `reported_facts`."""
        reported = {attempt.uid for attempt in Ledger(ledger.facts[:reported_facts]).successes()}
        successes = ledger.successes()
        return cls(
            number=number,
            previous=previous,
            attempt=next((a for a in successes if trigger and a.uid == trigger.attempt_uid), None),
            attempts=tuple(attempt for attempt in successes if attempt.uid not in reported),
        )


def conflicts_told(conflicts: Iterable[UidConflict]) -> JsonObject:
    """Return what history tells of uids that name two things; nothing when there are none."""
    told = [{"uid": conflict.uid, "names": conflict.names} for conflict in conflicts]
    return {"conflicts": told} if told else {}
