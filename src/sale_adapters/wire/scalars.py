"""The single values of requests: how each is read strictly, and how a JSON Schema says the same."""

import re
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NewType

import attrs

from sale_domain.documents import MAX_TEXT, Json, JsonObject
from sale_domain.ids import OrderId, bucket_of
from sale_domain.kitchen_lifecycle import KitchenTicketStatus
from sale_domain.lines import Keep
from sale_domain.money import Currency, currency, exact, exact_rate

MAX_PAGE = 200
MAX_TOKEN = 8_192
MAX_FEED_NUMBER = 2**53 - 1
"""A browser counts no further exactly."""

Text = NewType("Text", str)
"""1 to 500 characters, none of them a control character, and something of it to be seen."""
Amount = NewType("Amount", Decimal)
"""Money in a currency that is known from elsewhere: decimal(15,4), not negative."""
Quantity = NewType("Quantity", Decimal)
"""How many: decimal(15,4), greater than 0."""
QuantityOrNone = NewType("QuantityOrNone", Decimal)
"""How many there shall be: decimal(15,4), 0 for no more of it."""
Rate = NewType("Rate", Decimal)
"""An exchange rate: greater than 0, at most 10 decimals."""
Instant = NewType("Instant", datetime)
"""A time, RFC 3339."""
PageSize = NewType("PageSize", int)
"""How many things a page shows."""
Cursor = NewType("Cursor", OrderId)
"""Where a page begins; opaque to clients."""
TicketStatuses = NewType("TicketStatuses", frozenset[KitchenTicketStatus])
"""Statuses of kitchen tickets, with commas between them."""
Identifier = NewType("Identifier", str)
"""An id of somebody else's: a text, or a whole number that is taken as one."""
Token = NewType("Token", str)
"""A bearer token; whether it proves anything is seen later."""
FeedNumber = NewType("FeedNumber", int)
"""A merchant's feed number."""
TextOrEmpty = Text | None | Keep
"""A text to set, or null to empty it; absent, it stays."""

# Spaces, what has no width, and marks that stand on nothing, by Unicode's categories; then letters that look like none.
_UNSEEN = {"Zs", "Zl", "Zp", "Cf", "Mn", "Me"}
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Unicode's control characters (Cc) and surrogates (Cs), which are all there will ever be."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")


def text(value: Json) -> str:
    """Read a text of 1 to 500 characters without control characters or lone surrogates.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - a refusal of input, as the others here
    if not 1 <= len(value) <= MAX_TEXT:
        raise ValueError(f"must have 1 to {MAX_TEXT} characters")
    if UNPRINTABLE.search(value):
        raise ValueError("must not have control characters")
    return value


def legible(value: Json) -> str:
    """Read a text as a person or a client of ours says it: there is something to be seen.

    Raises:
        ValueError: it is no text, or blank.
    """
    read = text(value)
    if all(character in _BLANKS or unicodedata.category(character) in _UNSEEN for character in read):
        raise ValueError("must have something that can be seen")
    return read


def number(value: Json) -> Decimal:
    """Read a number that came as a JSON number or as plain digits in a string; no float is involved.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, Decimal) or type(value) is int:
        return Decimal(value)
    if isinstance(value, str) and len(value) <= MAX_TEXT and _NUMBER.fullmatch(value):
        return Decimal(value)
    raise ValueError("must be a number")


def amount(value: Json) -> Decimal:
    """Read a decimal(15,4) that is not negative.

    Raises:
        ValueError: it is none.
    """
    read = exact(number(value))
    if read < 0:
        raise ValueError("must not be negative")
    return read


def instant(value: Json) -> datetime:
    """Read an RFC 3339 time; the result is in UTC.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or not _INSTANT.fullmatch(value.upper()):
        raise ValueError("must be a time as in RFC 3339, such as 2026-11-22T08:30:00Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time that exists") from None


def cursor(after: str) -> str:
    """Return the opaque form of where a page begins."""
    return urlsafe_b64encode(after.encode()).decode().rstrip("=")


def identifier(value: Json) -> str:
    """Read somebody else's id.

    Raises:
        ValueError: it is neither a text of 1 to 500 characters nor a whole number.
    """
    return text(str(value) if type(value) is int else value)


def _quantity(value: Json) -> Decimal:
    read = amount(value)
    if not read:
        raise ValueError("must be greater than 0")
    return read


def _currency(value: Json) -> Currency:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - a refusal of input, as the others here
    return currency(value)


def _page_size(value: Json) -> int:
    if not isinstance(value, str) or not re.fullmatch("[0-9]{1,4}", value) or not 1 <= int(value) <= MAX_PAGE:
        raise ValueError(f"must be a whole number from 1 to {MAX_PAGE}")
    return int(value)


def _token(value: Json) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TOKEN or not (value.isascii() and value.isprintable()):
        raise ValueError("must be a token")
    return value


def _feed_number(value: Json) -> int:
    if type(value) is not int or not 0 <= value <= MAX_FEED_NUMBER:
        raise ValueError("must be a seq that was told before, 0 or more")
    return value


def _cursor(value: Json) -> OrderId:
    try:
        after = urlsafe_b64decode(f"{value}==".encode("ascii")).decode("ascii")
        bucket_of(after)
    except ValueError:
        raise ValueError("must be a nextCursor of an earlier answer") from None
    return OrderId(after)


def _ticket_statuses(value: Json) -> frozenset[KitchenTicketStatus]:
    try:
        return frozenset(map(KitchenTicketStatus, str(value).split(",")))
    except ValueError:
        raise ValueError(f"must be some of {', '.join(status.value for status in KitchenTicketStatus)}") from None


@attrs.frozen
class Scalar:
    """A kind of value: how it is read (raising ValueError), and its JSON Schema."""

    read: Callable[[Json], Any]
    schema: JsonObject


_TEXT: JsonObject = {"minLength": 1, "maxLength": MAX_TEXT, "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"}


_STATUSES = "|".join(status.value for status in KitchenTicketStatus)
_POSITIVE = "(?=[0.]*[1-9])"


def _decimal(description: str, *, places: int, digits: str = "", **limits: Json) -> JsonObject:
    """Describe a number, or a text of its digits; `digits` is what the text has to begin with.

    How many decimals a number has is said in words: validators that count in binary fractions refuse 0.3 as no
    multiple of 0.0001.
    """
    text = f"^{digits}0*[0-9]{{1,11}}(\\.[0-9]{{1,{places}}}0*)?$"
    bound: JsonObject = {"exclusiveMaximum": 10**11, **limits}
    return {"type": ["number", "string"], "pattern": text, "maxLength": MAX_TEXT, "description": description, **bound}


SCALARS: Mapping[Any, Scalar] = {
    Text: Scalar(legible, {"type": "string", **_TEXT}),
    TextOrEmpty: Scalar(
        lambda value: value if value is None else legible(value),
        {"type": ["string", "null"], **_TEXT, "description": "null empties it"},
    ),
    Amount: Scalar(amount, _decimal("at most 11 digits before the point and 4 after it", places=4, minimum=0)),
    Quantity: Scalar(
        _quantity,
        _decimal("at most 11 digits before the point and 4 after it", places=4, digits=_POSITIVE, exclusiveMinimum=0),
    ),
    QuantityOrNone: Scalar(amount, _decimal("at most 4 decimals; 0 removes the line", places=4, minimum=0)),
    Rate: Scalar(
        lambda value: exact_rate(number(value)),
        _decimal("at most 10 decimals", places=10, digits=_POSITIVE, exclusiveMinimum=0),
    ),
    Currency: Scalar(_currency, {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"}),
    Instant: Scalar(instant, {"type": "string", "format": "date-time"}),
    PageSize: Scalar(_page_size, {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}),
    TicketStatuses: Scalar(
        _ticket_statuses,
        {
            "type": "string",
            "pattern": f"^({_STATUSES})(,({_STATUSES}))*$",
            "description": f"some of {', '.join(status.value for status in KitchenTicketStatus)}",
        },
    ),
    Identifier: Scalar(identifier, {"type": ["string", "integer"], **_TEXT}),
    Token: Scalar(_token, {"type": "string", "minLength": 1, "maxLength": MAX_TOKEN}),
    FeedNumber: Scalar(_feed_number, {"type": "integer", "minimum": 0, "maximum": MAX_FEED_NUMBER}),
    Cursor: Scalar(_cursor, {"type": "string", "description": "the nextCursor of an earlier answer"}),
}
"""Every kind of single value that a request can hold."""
