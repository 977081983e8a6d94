"""How large an event can be, counted before it is written: Kafka refuses what is too large (docs/decisions/0006)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring
from typing import Any

import attrs

from sale_domain.errors import OrderTooLarge
from sale_domain.events import PaidAttempt, PaymentSuccess

LARGEST_EVENT_BYTES = 1_000_000
"""With key and headers this still fits Kafka's default limit of 1 048 588 bytes for a record."""

LARGEST_ORDER_BYTES = 900_000
"""What an order may need in its events before any attempt is listed; the rest is kept for the attempts."""

_ALWAYS_FIT = 10
"""So many of the longest attempts that the webhook lets in, four texts of 2 000 bytes each, need no counting."""

_PUNCTUATION = 4
_A_TIME = 40


def most_bytes(value: Any) -> int:  # noqa: ANN401 - any part of an event
    """Return a number of bytes that the value's JSON never exceeds.

    >>> most_bytes("phở") >= len('"phở"'.encode())
    True
    """
    if count := _SINGLE.get(type(value)):
        return count(value)
    if isinstance(value, tuple):
        return 2 + sum(1 + most_bytes(element) for element in value)
    parts = ((name, getattr(value, field)) for field, name in _names(type(value)))  # type: ignore[arg-type]  # classes are hashable
    return 2 + sum(name + most_bytes(part) for name, part in parts if part is not None)


@cache
def _names(cls: type[Any]) -> tuple[tuple[str, int], ...]:
    """Return the fields of a class, and what their names take; Python's are never shorter than JSON's."""
    return tuple((field.name, len(field.name) + _PUNCTUATION) for field in attrs.fields(cls))


_SINGLE: Mapping[type, Callable[[Any], int]] = {
    str: lambda text: len(encode_basestring(text).encode(errors="replace")),
    int: lambda number: len(str(number)),
    bool: lambda _: len("false"),
    Decimal: lambda number: len(f"{number:f}"),
    datetime: lambda _: _A_TIME,
}


def check_order_fits(event: PaymentSuccess) -> None:
    """Refuse an order whose events could not be sent, while nobody has paid for it yet.

    Raises:
        OrderTooLarge: its lines alone fill an event.
    """
    bare = attrs.evolve(event, payment=attrs.evolve(event.payment, attempt=None, attempts=()))
    if (needed := most_bytes(bare)) > LARGEST_ORDER_BYTES:
        raise OrderTooLarge(bytes_needed=needed, limit=LARGEST_ORDER_BYTES)


def fitted(event: PaymentSuccess) -> PaymentSuccess:
    """Return the event with as many of its attempts, oldest first, as fit; it counts those that it leaves out.

    Money is never refused for the size of its list: `paid` is the figure to book, and the order shows every attempt.
    """
    payment = event.payment
    if len(payment.attempts) <= _ALWAYS_FIT or most_bytes(event) <= LARGEST_EVENT_BYTES:
        return event
    bare = attrs.evolve(event, payment=attrs.evolve(payment, attempts=(), attempts_omitted=len(payment.attempts)))
    listed = tuple(_within(LARGEST_EVENT_BYTES - most_bytes(bare), payment.attempts))
    omitted = len(payment.attempts) - len(listed)
    return attrs.evolve(event, payment=attrs.evolve(payment, attempts=listed, attempts_omitted=omitted))


def _within(room: int, attempts: Sequence[PaidAttempt]) -> Iterable[PaidAttempt]:
    for attempt in attempts:
        room -= 1 + most_bytes(attempt)
        if room < 0:
            return
        yield attempt
