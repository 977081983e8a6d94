"""Allocation usages: which order has which unit, and had it (contract §5)."""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, Table, Text, text

from sale_adapters.postgres.schema.columns import INSTANT, bucket, key
from sale_adapters.postgres.schema.metadata import METADATA

ALLOCATION_USAGES = Table(
    "allocation_usages",
    METADATA,
    bucket(),
    key("id"),
    Column("merchant_id", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("zone_id", Text),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("started_at", INSTANT, nullable=False),
    Column("reserved_to", INSTANT),
    Column("ended_at", INSTANT),
    ForeignKeyConstraint(["bucket", "order_id"], ["sale_orders.bucket", "sale_orders.id"]),
    CheckConstraint("status IN ('ACTIVE', 'SUCCESS', 'CANCELLED', 'EXPIRED')", name="status_is_known"),
    CheckConstraint("version > 0", name="version_counts"),
    CheckConstraint("(status = 'ACTIVE') = (ended_at IS NULL)", name="ends_once"),
    CheckConstraint("reserved_to > started_at", name="reserved_for_a_while"),
)

_ACTIVE = text("status = 'ACTIVE'")

# A unit is taken once: what two orders that want it at the same moment meet.
Index(
    "uq_allocation_usages_active_unit",
    ALLOCATION_USAGES.c.bucket,
    ALLOCATION_USAGES.c.merchant_id,
    ALLOCATION_USAGES.c.unit_id,
    unique=True,
    postgresql_where=_ACTIVE,
)
# Every command on an order reads its usages.
Index("ix_allocation_usages_of_an_order", ALLOCATION_USAGES.c.bucket, ALLOCATION_USAGES.c.order_id)
# A page of one status, newest first: what is ACTIVE is few.
Index(
    "ix_allocation_usages_by_status",
    ALLOCATION_USAGES.c.bucket,
    ALLOCATION_USAGES.c.merchant_id,
    ALLOCATION_USAGES.c.status,
    ALLOCATION_USAGES.c.id,
)
# A page of one unit's past, of one status.
Index(
    "ix_allocation_usages_of_a_unit",
    ALLOCATION_USAGES.c.bucket,
    ALLOCATION_USAGES.c.merchant_id,
    ALLOCATION_USAGES.c.unit_id,
    ALLOCATION_USAGES.c.status,
    ALLOCATION_USAGES.c.id,
)
# What is due, for the sweep: as small as what is reserved now.
Index(
    "ix_allocation_usages_reserved",
    ALLOCATION_USAGES.c.reserved_to,
    ALLOCATION_USAGES.c.id,
    ALLOCATION_USAGES.c.bucket,
    postgresql_where=text("status = 'ACTIVE' AND reserved_to IS NOT NULL"),
)
# What has been ACTIVE longest, for people.
Index("ix_allocation_usages_active", ALLOCATION_USAGES.c.started_at, postgresql_where=_ACTIVE)
