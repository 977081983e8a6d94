"""The outbox, and what the relay remembers: layouts, leases with their fences, and how far the log was read."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from sale_adapters.postgres.schema.metadata import METADATA
from sale_domain.event_size import LARGEST_EVENT_BYTES

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, primary_key=True),
    Column("order_id", Text, nullable=False),
    Column("seq", Integer, nullable=False, comment="the event's number within its order: 1, 2, …"),
    Column("transition", Integer, comment="the payment transition that it tells of, once each (C12)"),
    Column("merchant_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", Text, nullable=False, comment="the exact JSON that is sent"),
    Column("occurred_at", DateTime(timezone=True), nullable=False, comment="never goes back within an order"),
    Column("traceparent", Text),
    Column("published_at", DateTime(timezone=True), comment="when it was read back from the log"),
    Column("partition", Integer),
    Column("log_offset", BigInteger),
    Column("cluster_id", Text),
    Column("set_aside_at", DateTime(timezone=True)),
    Column("set_aside_reason", Text),
    Column("released_at", DateTime(timezone=True), comment="when an operator gave it up: it is never sent"),
    Column("released_reason", Text),
    UniqueConstraint("bucket", "order_id", "seq"),
    UniqueConstraint("bucket", "order_id", "transition"),
    CheckConstraint(f"octet_length(payload) <= {LARGEST_EVENT_BYTES}", name="payload_fits_kafka"),
    CheckConstraint(
        "(published_at IS NULL) = (partition IS NULL)"
        " AND (published_at IS NULL) = (log_offset IS NULL)"
        " AND (published_at IS NULL) = (cluster_id IS NULL)",
        name="published_with_address",
    ),
    CheckConstraint("(set_aside_at IS NULL) = (set_aside_reason IS NULL)", name="set_aside_with_reason"),
    CheckConstraint("(released_at IS NULL) = (released_reason IS NULL)", name="released_with_reason"),
    CheckConstraint("released_at IS NULL OR published_at IS NULL", name="released_or_published"),
    # Every row is updated once and dropped one day: vacuum soon, so that the space is used again.
    postgresql_with={"autovacuum_vacuum_scale_factor": 0.02},
)

# The hot part: what the relay reads ten times a second. It is as small as the backlog, however large the table.
Index(
    "ix_outbox_unpublished",
    OUTBOX.c.occurred_at,
    OUTBOX.c.order_id,
    OUTBOX.c.seq,
    OUTBOX.c.bucket,
    postgresql_where=text("published_at IS NULL"),
)
# Its condition has nothing of the index above: a question for what is set aside must never read all that waits.
Index(
    "ix_outbox_set_aside",
    OUTBOX.c.bucket,
    OUTBOX.c.order_id,
    OUTBOX.c.seq,
    postgresql_where=text("set_aside_at IS NOT NULL"),
)
# The clean-up drops what was published long ago.
Index(
    "ix_outbox_published",
    OUTBOX.c.bucket,
    OUTBOX.c.published_at,
    postgresql_where=text("published_at IS NOT NULL"),
)

RELAY_LAYOUTS = Table(
    "relay_layouts",
    METADATA,
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False, comment="always 0: layouts are one list"),
    Column("layout", Integer, primary_key=True, autoincrement=False),
    Column("shards", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("ready_at", DateTime(timezone=True), comment="from here on nothing of an older layout can write"),
    Column("retired_at", DateTime(timezone=True), comment="a newer layout is ready"),
    Column("prefix", Text, nullable=False, comment="begins the names of its producers on Kafka"),
    CheckConstraint("shards BETWEEN 1 AND 1024", name="shards_are_ranges_of_buckets"),
)

RELAY_SHARDS = Table(
    "relay_shards",
    METADATA,
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False, comment="the first of the shard's range"),
    Column("layout", Integer, primary_key=True, autoincrement=False),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("owner", Text),
    Column("lease_until", DateTime(timezone=True)),
    Column("retired", Boolean, nullable=False, server_default=text("false"), comment="nobody can take it again"),
    Column("asker_shards", Integer, comment="so many has a relay that asks for this one"),
    Column("asked_until", DateTime(timezone=True)),
)

RELAY_OFFSETS = Table(
    "relay_offsets",
    METADATA,
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False, comment="the first of the shard's range"),
    Column("layout", Integer, primary_key=True, autoincrement=False),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("cluster_id", Text, nullable=False),
    Column("log_offset", BigInteger, nullable=False, comment="everything before it was compared with the outbox"),
)
