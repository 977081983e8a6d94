"""Events that an operator has given up for good."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE outbox ADD COLUMN released_at TIMESTAMP WITH TIME ZONE, ADD COLUMN released_reason TEXT",
    # One by one: a distributed PostgreSQL adds a constraint by itself only.
    """
    ALTER TABLE outbox
        ADD CONSTRAINT ck_outbox_released_with_reason CHECK ((released_at IS NULL) = (released_reason IS NULL))
    """,
    """
    ALTER TABLE outbox
        ADD CONSTRAINT ck_outbox_released_or_published CHECK (released_at IS NULL OR published_at IS NULL)
    """,
    "COMMENT ON COLUMN outbox.released_at IS 'when an operator gave it up: it is never sent'",
)


def upgrade() -> None:
    """Add the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
