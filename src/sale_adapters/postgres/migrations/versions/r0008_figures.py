"""The partial indexes behind the figures for operators."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE INDEX ix_sale_orders_open ON sale_orders (status, created_at)
    WHERE status IN ('DRAFT', 'PROCESSING', 'PARTIAL')
    """,
    """
    CREATE INDEX ix_sale_orders_unallocated_sum ON sale_orders (currency) INCLUDE (received, paid)
    WHERE received > paid
    """,
)


def upgrade() -> None:
    """Make the indexes."""
    for statement in STATEMENTS:
        op.execute(statement)
