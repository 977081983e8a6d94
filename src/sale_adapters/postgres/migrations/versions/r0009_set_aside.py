"""An index of what is set aside that no plan can mistake for the index of what is unpublished."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    "DROP INDEX ix_outbox_set_aside",
    "CREATE INDEX ix_outbox_set_aside ON outbox (bucket, order_id, seq) WHERE set_aside_at IS NOT NULL",
)


def upgrade() -> None:
    """Make the index again."""
    for statement in STATEMENTS:
        op.execute(statement)
