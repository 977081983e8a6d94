"""Allocation usages: which order has which unit, and had it."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE allocation_usages (
        bucket SMALLINT NOT NULL,
        id TEXT NOT NULL,
        merchant_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        unit_id TEXT NOT NULL,
        zone_id TEXT,
        type TEXT NOT NULL,
        status TEXT NOT NULL,
        version INTEGER NOT NULL,
        started_at TIMESTAMP WITH TIME ZONE NOT NULL,
        reserved_to TIMESTAMP WITH TIME ZONE,
        ended_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_allocation_usages PRIMARY KEY (bucket, id),
        CONSTRAINT fk_allocation_usages_bucket_order_id_sale_orders FOREIGN KEY (bucket, order_id)
            REFERENCES sale_orders (bucket, id),
        CONSTRAINT ck_allocation_usages_status_is_known
            CHECK (status IN ('ACTIVE', 'SUCCESS', 'CANCELLED', 'EXPIRED')),
        CONSTRAINT ck_allocation_usages_version_counts CHECK (version > 0),
        CONSTRAINT ck_allocation_usages_ends_once CHECK ((status = 'ACTIVE') = (ended_at IS NULL)),
        CONSTRAINT ck_allocation_usages_reserved_for_a_while CHECK (reserved_to > started_at)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_allocation_usages_active_unit ON allocation_usages (bucket, merchant_id, unit_id)
        WHERE status = 'ACTIVE'
    """,
    "CREATE INDEX ix_allocation_usages_of_an_order ON allocation_usages (bucket, order_id)",
    "CREATE INDEX ix_allocation_usages_by_status ON allocation_usages (bucket, merchant_id, status, id)",
    "CREATE INDEX ix_allocation_usages_of_a_unit ON allocation_usages (bucket, merchant_id, unit_id, id)",
    """
    CREATE INDEX ix_allocation_usages_reserved ON allocation_usages (reserved_to, id, bucket)
        WHERE status = 'ACTIVE' AND reserved_to IS NOT NULL
    """,
    "CREATE INDEX ix_allocation_usages_active ON allocation_usages (started_at) WHERE status = 'ACTIVE'",
)


def upgrade() -> None:
    """Make the table."""
    for statement in STATEMENTS:
        op.execute(statement)
