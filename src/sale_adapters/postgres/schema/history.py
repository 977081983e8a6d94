"""The committed history, and each merchant's counter that numbers it without gaps (architecture §6)."""

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, Integer, Table, Text

from sale_adapters.postgres.schema.columns import INSTANT, bucket, key, number
from sale_adapters.postgres.schema.metadata import METADATA

MERCHANT_FEEDS = Table(
    "merchant_feeds",
    METADATA,
    bucket(),
    key("merchant_id"),
    Column("n", BigInteger, nullable=False, comment="the number of the merchant's newest history entry"),
    # Raised by every command of the merchant: dead versions must stay on the one page.
    postgresql_with={"fillfactor": 20},
)

HISTORY = Table(
    "history",
    METADATA,
    bucket(),
    key("merchant_id"),
    number("n", comment="the merchant's feed number: 1, 2, …"),
    Column("topic", Text, nullable=False),
    Column("thing_id", Text, nullable=False),
    Column("order_id", Text, nullable=False, comment="the order that the thing belongs to, or is"),
    Column("action", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("from_status", Text),
    Column("at", INSTANT, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),
    Column("transition", Integer),
    Column("data", JSON),
    CheckConstraint("n > 0", name="n_counts"),
)

# An order's own entries, oldest first; numbers of one merchant only ever grow, so the index does too.
Index("ix_history_of_an_order", HISTORY.c.bucket, HISTORY.c.order_id, HISTORY.c.n)
