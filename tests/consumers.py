"""The examples' consumers with their books in memory: what they decide is theirs, and each key is kept once."""

from collections.abc import Iterable
from decimal import Decimal

from finance_consumer import booking
from inventory_consumer import taken
from sale_domain import PaymentSuccess, read_event
from sale_domain.ports.publishing import OutboxRow


def inventory(rows: Iterable[OutboxRow]) -> dict[tuple[str, str, str], Decimal]:
    """Return what inventory takes out when it hears these: by order, kitchen item (or none), and stock or material."""
    books: dict[tuple[str, str, str], Decimal] = {}
    for row in rows:
        for order, item, what, quantity in taken(read_event(row.topic, row.payload)):
            books.setdefault((order, item, what), quantity)
    return books


def finance(rows: Iterable[OutboxRow]) -> dict[str, Decimal]:
    """Return what finance books, by order."""
    books: dict[str, Decimal] = {}
    for row in rows:
        if entry := booking(read_event(row.topic, row.payload)):
            books.setdefault(entry[0], Decimal(entry[1]))
    return books


def finance_by_attempt(rows: Iterable[OutboxRow]) -> list[tuple[str, str | None, Decimal]]:
    """Return what a finance books that counts every attempt on the day that it is told of: dedup by eventId."""
    seen: set[str] = set()
    books: list[tuple[str, str | None, Decimal]] = []
    for row in rows:
        event = read_event(row.topic, row.payload)
        if isinstance(event, PaymentSuccess) and event.event_id not in seen:
            seen.add(event.event_id)
            books += [(attempt.uid, attempt.payment_provider, attempt.amount) for attempt in event.payment.attempts]
    return books
