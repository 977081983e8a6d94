"""The partial indexes behind the figures for operators."""

from alembic import op

revision = "0009"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE INDEX ix_sale_orders_open ON sale_orders (status, created_at)
    WHERE status IN ('DRAFT', 'PROCESSING', 'PARTIAL')
    """,
    """
    CREATE INDEX ix_sale_orders_unallocated ON sale_orders (currency) INCLUDE (received, paid)
    WHERE received > paid
    """,
    "CREATE INDEX ix_parked_payments_oldest ON parked_payments (parked_at)",
)


def upgrade() -> None:
    """Make the indexes."""
    for statement in STATEMENTS:
        op.execute(statement)
