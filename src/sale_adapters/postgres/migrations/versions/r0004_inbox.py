"""The raw log of webhooks and the payment facts that wait for their order."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE parked_payments (
        bucket SMALLINT NOT NULL,
        fact_key BYTEA NOT NULL,
        type TEXT NOT NULL,
        source_type TEXT NOT NULL,
        source_id TEXT NOT NULL,
        amount NUMERIC(15, 4) NOT NULL,
        transaction_uid TEXT,
        attempt_uid TEXT,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        transaction_id TEXT,
        attempt_id TEXT,
        payment_provider TEXT,
        reason TEXT,
        parked_at TIMESTAMP WITH TIME ZONE NOT NULL,
        webhook_id TEXT NOT NULL,
        CONSTRAINT pk_parked_payments PRIMARY KEY (bucket, fact_key),
        CONSTRAINT ck_parked_payments_type_is_known CHECK (type IN ('mq-pay:attempt.success',
            'mq-pay:attempt.failed', 'mq-pay:attempt.expired', 'mq-pay:attempt.cancelled',
            'mq-pay:transaction.settled', 'mq-pay:transaction.cancelled')),
        CONSTRAINT ck_parked_payments_source_type_is_known CHECK (source_type IN ('SaleOrder', 'SaleCheck')),
        CONSTRAINT ck_parked_payments_amount_not_negative CHECK (amount >= 0)
    )
    """,
    "COMMENT ON COLUMN parked_payments.fact_key IS 'a digest: a fact is parked once'",
    "COMMENT ON COLUMN parked_payments.webhook_id IS 'the raw log''s row that brought it'",
    """
    CREATE TABLE webhook_log (
        bucket SMALLINT NOT NULL,
        id TEXT NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        event_type TEXT,
        body BYTEA NOT NULL,
        outcome TEXT NOT NULL,
        CONSTRAINT pk_webhook_log PRIMARY KEY (bucket, id)
    )
    """,
    "COMMENT ON COLUMN webhook_log.body IS 'verbatim'",
    "COMMENT ON COLUMN webhook_log.outcome IS 'what was answered'",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
