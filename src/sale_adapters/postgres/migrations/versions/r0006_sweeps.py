"""Indexes for the sweeps, for the clean-up and for unallocated money, and an earlier vacuum where rows come and go."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE INDEX ix_parked_payments_source ON parked_payments (bucket, source_type, source_id)
        WHERE length(source_id) = 28
    """,
    "CREATE INDEX ix_parked_payments_oldest ON parked_payments (parked_at, webhook_id)",
    "CREATE INDEX ix_sale_orders_unallocated ON sale_orders (bucket, merchant_id, id) WHERE received > paid",
    "CREATE INDEX ix_outbox_published ON outbox (bucket, published_at) WHERE published_at IS NOT NULL",
    "ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.02)",
    "ALTER TABLE idempotency_keys SET (autovacuum_vacuum_scale_factor = 0.02)",
)


def upgrade() -> None:
    """Make the indexes."""
    for statement in STATEMENTS:
        op.execute(statement)
