"""The answers to repeated requests."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE idempotency_keys (
        bucket SMALLINT NOT NULL,
        digest BYTEA NOT NULL,
        merchant_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        method TEXT NOT NULL,
        path TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint BYTEA NOT NULL,
        status SMALLINT,
        headers JSON,
        body BYTEA,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_idempotency_keys PRIMARY KEY (bucket, digest),
        CONSTRAINT ck_idempotency_keys_answer_together CHECK (num_nulls(status, headers, body) IN (0, 3))
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX ix_idempotency_keys_oldest ON idempotency_keys (bucket, created_at)",
    "COMMENT ON COLUMN idempotency_keys.digest IS 'of the next five: together too long for an index'",
    "COMMENT ON COLUMN idempotency_keys.fingerprint IS 'a digest of the request''s body'",
    "COMMENT ON COLUMN idempotency_keys.status IS 'null only inside the transaction that will answer'",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
