"""The prefix of a layout's producers on Kafka, so that a layout with another one can shut them out."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE relay_layouts ADD COLUMN prefix text NOT NULL DEFAULT 'sale-relay'",
    "ALTER TABLE relay_layouts ALTER COLUMN prefix DROP DEFAULT",
    "COMMENT ON COLUMN relay_layouts.prefix IS 'begins the names of its producers on Kafka'",
)


def upgrade() -> None:
    """Add the column."""
    for statement in STATEMENTS:
        op.execute(statement)
