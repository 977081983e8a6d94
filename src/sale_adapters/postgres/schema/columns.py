"""The kinds of columns that recur, so that every table spells them the same way."""

from sqlalchemy import BigInteger, Column, DateTime, Numeric, SmallInteger, Text

MONEY = Numeric(15, 4)
"""An amount, or a quantity, as contract §5 bounds it."""

SUM = Numeric(24, 4)
"""A sum of amounts, which may need more digits than each of them."""

RATE = Numeric(21, 10)
"""An exchange rate (contract §9)."""

INSTANT = DateTime(timezone=True)


def bucket() -> Column[int]:
    """Return the column that comes first in every key: the bucket that all of a merchant's rows share."""
    return Column("bucket", SmallInteger, primary_key=True, autoincrement=False)


def key(name: str) -> Column[str]:
    """Return a text column of the primary key."""
    return Column(name, Text, primary_key=True)


def number(name: str, *, comment: str) -> Column[int]:
    """Return a counted column of the primary key; we count, never a sequence (architecture §7)."""
    return Column(name, BigInteger, primary_key=True, autoincrement=False, comment=comment)
