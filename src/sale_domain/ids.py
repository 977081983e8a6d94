"""Ids: time-ordered text that ends in its merchant's bucket.

An id is a ULID (26 characters) followed by two Crockford base-32 characters that name one of 1024 buckets.
All rows of a merchant share a bucket, so whoever holds an id knows where its rows live.
"""

import hashlib
import re
from typing import NewType

BUCKETS = 1024
NO_BUCKET = 0
"""Where things without a usable id are kept (contract §6)."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_ID = re.compile(f"[0-7][{_ALPHABET}]{{27}}")
"""A ULID has 128 bits in 130 bits' worth of characters, so that the first one has three."""

OrderId = NewType("OrderId", str)
"""Of a `SaleOrder`; ours."""
LineId = NewType("LineId", str)
"""Of a line of an order, `saleOrderItemId`; ours."""
EventId = NewType("EventId", str)
"""Of an event on Kafka, its `ce_id`; ours."""
MerchantId = NewType("MerchantId", str)
"""Of a shop, as identity names it; any text."""
UserId = NewType("UserId", str)
"""Of who signed in, as identity names them; any text."""
SaleChannelId = NewType("SaleChannelId", str)
"""Of where is sold, with its currency, as commerce names it; any text."""
CustomerId = NewType("CustomerId", str)
"""Of the guest, as the till names them; any text."""
ItemId = NewType("ItemId", str)
"""Of what is sold, as the catalogue names it; any text."""
StockId = NewType("StockId", str)
"""Of where an item is taken from, as the catalogue names it; any text."""
RecipeId = NewType("RecipeId", str)
"""Of what an item is made by, as the catalogue names it; any text."""
UsageId = NewType("UsageId", str)
"""Of an order's use of a table or another unit; ours."""
UnitId = NewType("UnitId", str)
"""Of a table or another unit, as who lays out the floor names it; any text."""
ZoneId = NewType("ZoneId", str)
"""Of a part of the floor; any text."""
KitchenTicketId = NewType("KitchenTicketId", str)
"""Of a ticket of the kitchen; ours."""
KitchenItemId = NewType("KitchenItemId", str)
"""Of a line of a ticket; ours."""
StationId = NewType("StationId", str)
"""Of where is cooked, as the shop names it; any text."""


def merchant_bucket(merchant_id: MerchantId) -> int:
    """Return the bucket (0 to 1023) that all of a merchant's rows live in; the same on every machine, for ever.

    >>> merchant_bucket(MerchantId("merchant-1")) == merchant_bucket(MerchantId("merchant-1"))
    True
    """
    return int.from_bytes(hashlib.blake2b(merchant_id.encode(), digest_size=8).digest()) % BUCKETS


def bucket_of(identifier: str) -> int:
    """Return the bucket that an id names.

    Raises:
        ValueError: the text is not an id of ours; callers treat it as "not found" (contract §5).

    >>> bucket_of(new_id(milliseconds=1, randomness=2, bucket=77))
    77
    """
    if not _ID.fullmatch(identifier):
        raise ValueError(f"not an id: {identifier!r}")
    return _VALUES[identifier[-2]] * 32 + _VALUES[identifier[-1]]


def new_id(*, milliseconds: int, randomness: int, bucket: int) -> str:
    """Compose an id from a Unix time in milliseconds (48 bits), randomness (80 bits) and a bucket.

    >>> new_id(milliseconds=0, randomness=0, bucket=1023)
    '00000000000000000000000000ZZ'
    """
    assert 0 <= milliseconds < 1 << 48, "a ULID's time has 48 bits"
    assert 0 <= randomness < 1 << 80, "a ULID's randomness has 80 bits"
    assert 0 <= bucket < BUCKETS, "there are 1024 buckets"
    return _base32(milliseconds << 80 | randomness, length=26) + _base32(bucket, length=2)


def milliseconds_of(identifier: str) -> int:
    """Return the Unix time, in milliseconds, that an id was made at.

    Raises:
        ValueError: the text is not an id of ours.

    >>> milliseconds_of(new_id(milliseconds=1_767_598_200_000, randomness=2, bucket=77))
    1767598200000
    """
    bucket_of(identifier)
    milliseconds = 0
    for character in identifier[:10]:
        milliseconds = milliseconds << 5 | _VALUES[character]
    return milliseconds


def _base32(number: int, *, length: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
