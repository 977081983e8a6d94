"""What the reconciler says of one order whose events or history are spoilt, word for word."""

from decimal import Decimal

import pytest

from sale_domain.order_lifecycle import OrderStatus
from sale_domain.reconciliation import Check
from spoilt_orders import Spoil, an, evolved, found, item, order, row, told, without

SPOILT: dict[str, tuple[str, Spoil, list[tuple[Check, str]]]] = {
    "an event that is lost": (
        "completed",
        without("events", 0),
        [
            (Check.EVENT_MISSING, "Transition 1 has no outbox row."),
            (Check.EVENT_GAP, "Of events 1 to 2 the outbox lacks, or has besides, 1."),
        ],
    ),
    "an event of a transition that was not made": (
        "partial",
        row("events", 0, transition=2),
        [
            (Check.EVENT_MISSING, "Transition 1 has no outbox row."),
            (Check.EVENT_UNEXPECTED, "The outbox tells of transition 2; the order has made 1."),
            (Check.PAYLOAD, "The event says another transition than its row, its order and history."),
        ],
    ),
    "an event of a transition before the first": (
        "partial",
        row("events", 0, transition=0),
        [
            (Check.EVENT_MISSING, "Transition 1 has no outbox row."),
            (Check.EVENT_UNEXPECTED, "The outbox tells of transition 0; the order has made 1."),
            (Check.PAYLOAD, "The event says another transition than its row, its order and history."),
        ],
    ),
    "an event of another number": (
        "completed",
        row("events", 1, seq=9),
        [(Check.EVENT_GAP, "Of events 1 to 2 the outbox lacks, or has besides, 2, 9.")],
    ),
    "a row that is another event's": (
        "partial",
        told(0, event_id="e", order_id="o", transition=3, total=Decimal(1), paid=Decimal(2)),
        [
            (
                Check.PAYLOAD,
                (
                    "The event says another eventId and saleOrderId and transition and payment.total and "
                    "payment.paid than its row, its order and history."
                ),
            )
        ],
    ),
    "a payload that says nothing": (
        "partial",
        told(0, event_id=None, order_id=None, transition=None, total=None, paid=None),
        [
            (
                Check.PAYLOAD,
                (
                    "The event says another eventId and saleOrderId and transition and payment.total than its row, "
                    "its order and history."
                ),
            )
        ],
    ),
    "more said to be paid than was asked": (
        "completed",
        told(1, paid=Decimal(600_000)),
        [(Check.PAYLOAD, "The event says another payment.paid than its row, its order and history.")],
    ),
    "a dish's event that speaks of money": (
        "eaten",
        told(0, paid=Decimal(0), total=Decimal(0)),
        [
            (
                Check.PAYLOAD,
                "The event says another payment.total and payment.paid than its row, its order and history.",
            )
        ],
    ),
    "a transition that history has twice": (
        "partial",
        row("entries", 1, transition=1),
        [
            (Check.COUNTERS, "The last transition knew 0 facts by history; the order says 1."),
            (Check.TRANSITION, "Of transitions 1 to 1 history does not tell once of 1."),
        ],
    ),
    "a transition that history does not know": (
        "partial",
        row("entries", 2, transition=None),
        [(Check.TRANSITION, "Of transitions 1 to 1 history does not tell once of 1.")],
    ),
    "a transition of the future": (
        "partial",
        row("entries", 1, transition=4),
        [(Check.TRANSITION, "Of transitions 1 to 1 history does not tell once of 4.")],
    ),
    "a version that is lost": (
        "processing",
        without("entries", 0),
        [(Check.HISTORY_GAP, "Of versions 1 to 2 history does not tell once of 1.")],
    ),
    "a version of the future, twice": (
        "eaten",
        lambda whole: evolved(
            whole, entries=(*whole.entries, *[evolved(whole.entries[-1], version=n) for n in range(20, 32)])
        ),
        [
            (
                Check.HISTORY_GAP,
                "Of versions 1 to 4 history does not tell once of 20, 21, 22, 23, 24, 25, 26, 27, 28, 29 and 2 more.",
            )
        ],
    ),
    "ten versions of the future": (
        "eaten",
        lambda whole: evolved(
            whole, entries=(*whole.entries, *[evolved(whole.entries[-1], version=n) for n in range(20, 30)])
        ),
        [
            (
                Check.HISTORY_GAP,
                "Of versions 1 to 4 history does not tell once of 20, 21, 22, 23, 24, 25, 26, 27, 28, 29.",
            )
        ],
    ),
    "another end of history": (
        "processing",
        order(status=OrderStatus.CANCELLED),
        [(Check.HISTORY, "The order is CANCELLED, and history ends with PROCESSING.")],
    ),
    "a dish that moved more often than events tell": (
        "eaten",
        item(0, moves=9),
        [(Check.KITCHEN_EVENTS, "Kitchen items have moved 10 times; the order counts 6 events of theirs.")],
    ),
}


@pytest.mark.parametrize(("kind", "spoil", "says"), SPOILT.values(), ids=SPOILT)
async def test_what_is_spoilt_is_said(kind: str, spoil: Spoil, says: list[tuple[Check, str]]) -> None:
    assert found(spoil(await an(kind))) == says
