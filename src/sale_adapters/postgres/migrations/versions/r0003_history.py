"""The committed history and the merchants' counters."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE merchant_feeds (
        bucket SMALLINT NOT NULL,
        merchant_id TEXT NOT NULL,
        n BIGINT NOT NULL,
        CONSTRAINT pk_merchant_feeds PRIMARY KEY (bucket, merchant_id)
    ) WITH (fillfactor = 20)
    """,
    "COMMENT ON COLUMN merchant_feeds.n IS 'the number of the merchant''s newest history entry'",
    """
    CREATE TABLE history (
        bucket SMALLINT NOT NULL,
        merchant_id TEXT NOT NULL,
        n BIGINT NOT NULL,
        topic TEXT NOT NULL,
        thing_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        action TEXT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT NOT NULL,
        from_status TEXT,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        by TEXT NOT NULL,
        reason TEXT,
        transition INTEGER,
        data JSON,
        CONSTRAINT pk_history PRIMARY KEY (bucket, merchant_id, n),
        CONSTRAINT ck_history_n_counts CHECK (n > 0)
    )
    """,
    "CREATE INDEX ix_history_of_an_order ON history (bucket, order_id, n)",
    "COMMENT ON COLUMN history.n IS 'the merchant''s feed number: 1, 2, …'",
    "COMMENT ON COLUMN history.order_id IS 'the order that the thing belongs to, or is'",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
