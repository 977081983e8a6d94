"""How large an event can be, counted before it is written: Kafka refuses what is too large (docs/decisions/0006)."""

from collections.abc import Iterable, Sequence
from itertools import accumulate, takewhile

import attrs

from sale_domain.event_json import write
from sale_domain.events import PaidAttempt, PaymentSuccess
from sale_domain.order_errors import OrderTooLarge

LARGEST_EVENT_BYTES = 1_000_000
"""With key and headers this still fits Kafka's default limit of 1 048 588 bytes for a record."""

LARGEST_ORDER_BYTES = 900_000
"""What an order may need in its events before any attempt is listed; the rest is kept for the attempts."""

_ALWAYS_FIT = 10
"""So many of the longest attempts that the webhook lets in, four texts of 2 000 bytes each, need no counting."""


def check_order_fits(event: PaymentSuccess) -> None:
    """Refuse an order whose events could not be sent, while nobody has paid for it yet.

    Args:
        event: What would be told of it, without any attempt.

    Raises:
        OrderTooLarge: its lines alone fill an event.
    """
    if (needed := len(write(event))) > LARGEST_ORDER_BYTES:
        raise OrderTooLarge(bytes_needed=needed, limit=LARGEST_ORDER_BYTES)


def fitted(event: PaymentSuccess) -> PaymentSuccess:
    """Return the event with as many of its attempts, oldest first, as fit; it counts those that it leaves out.

    Money is never refused for the size of its list: `paid` is the figure to book, and the order shows every attempt.
    """
    payment = event.payment
    if len(payment.attempts) <= _ALWAYS_FIT or len(write(event)) <= LARGEST_EVENT_BYTES:
        return event
    bare = attrs.evolve(event, payment=attrs.evolve(payment, attempts=(), attempts_omitted=len(payment.attempts)))
    listed = tuple(_within(LARGEST_EVENT_BYTES - len(write(bare)), payment.attempts))
    omitted = len(payment.attempts) - len(listed)
    return attrs.evolve(event, payment=attrs.evolve(payment, attempts=listed, attempts_omitted=omitted))


def _within(room: int, attempts: Sequence[PaidAttempt]) -> Iterable[PaidAttempt]:
    ends = accumulate(1 + len(write(attempt)) for attempt in attempts)
    return (attempt for attempt, _ in takewhile(lambda pair: pair[1] <= room, zip(attempts, ends, strict=True)))
