"""JSON whose numbers stay exact: no decimal ever passes through a binary float (contract §5)."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import NoReturn

import msgspec

from sale_domain.documents import Json

MAX_DEPTH = 100
"""Objects and lists inside each other; people nest five. Whatever reads or writes deeper values recurses."""

_LONGEST_INTEGER = 40
# A text that never ends is one too: a search for its end that fails would begin anew at each quote within.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|([\[{])|[\]}]', re.DOTALL)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class BadJson(ValueError):
    """The bytes are not one unambiguous JSON value."""


def read(data: bytes, *, tolerant: bool = False) -> Json:
    """Parse JSON; fractions become `Decimal`.

    `tolerant` takes a number beyond any exponent for infinite: it is no amount, but then nobody may need one (C19).

    Raises:
        BadJson: not JSON, not UTF-8, a duplicate key, NaN or Infinity, nested too deep, or a number beyond reason.
    """
    if _is_too_deep(data):
        raise BadJson("nested too deep")
    try:
        value: Json = json.loads(
            data.decode(),
            parse_float=_decimal_or_infinite if tolerant else _decimal,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError:
        raise BadJson("not UTF-8") from None
    except BadJson:
        raise
    except json.JSONDecodeError as error:
        raise BadJson(f"not JSON: {error}") from None
    return value


def write(value: Json) -> bytes:
    """Write JSON; decimals become numbers, digit by digit."""
    return _ENCODER.encode(value)


def plain(value: Decimal) -> Decimal:
    """Return the same number without trailing zeros and without an exponent, as people write it.

    >>> plain(Decimal("65000.0000")), plain(Decimal("3.5000"))
    (Decimal('65000'), Decimal('3.5'))
    """
    # By its digits: decimal arithmetic would round to the context's 28.
    whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0")
    return Decimal(f"{whole}.{fraction}" if fraction else whole)


def _is_too_deep(data: bytes) -> bool:
    """Count brackets outside of texts, but only when there are enough of them to matter."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _BRACKETS.finditer(data):
        if found[1]:
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif found[0] in (b"]", b"}"):
            depth -= 1
    return False


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise BadJson("a number is beyond reason") from None


def _decimal_or_infinite(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


def _integer(text: str) -> int | Decimal:
    # Python refuses to convert thousands of digits to an int.
    return int(text) if len(text) <= _LONGEST_INTEGER else Decimal(text)


def _constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not a JSON number")


def _unique(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("an object has the same key twice")
    return found
