"""What mq-pay has sent: every body as it came, and the facts that wait for their order (contract §6)."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text, text

from sale_adapters.postgres.schema.columns import INSTANT, bucket, key
from sale_adapters.postgres.schema.metadata import METADATA
from sale_adapters.postgres.schema.orders import fact_columns

PARKED_PAYMENTS = Table(
    "parked_payments",
    METADATA,
    bucket(),
    Column("fact_key", LargeBinary, primary_key=True, comment="a digest: a fact is parked once"),
    *fact_columns(),
    Column("parked_at", INSTANT, nullable=False),
    Column("webhook_id", Text, nullable=False, comment="the raw log's row that brought it"),
)

# What waits for one thing. Only ids of ours have 28 characters; a stranger's text may be too long for an index.
Index(
    "ix_parked_payments_source",
    PARKED_PAYMENTS.c.bucket,
    PARKED_PAYMENTS.c.source_type,
    PARKED_PAYMENTS.c.source_id,
    postgresql_where=text("length(source_id) = 28"),
)
# What came lately, for the sweep, and what waits longest, for people.
Index("ix_parked_payments_oldest", PARKED_PAYMENTS.c.parked_at, PARKED_PAYMENTS.c.webhook_id)

WEBHOOK_LOG = Table(
    "webhook_log",
    METADATA,
    bucket(),
    key("id"),
    Column("received_at", INSTANT, nullable=False),
    Column("event_type", Text),
    Column("body", LargeBinary, nullable=False, comment="verbatim"),
    Column("outcome", Text, nullable=False, comment="what was answered"),
)
