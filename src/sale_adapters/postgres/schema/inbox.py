"""What mq-pay has sent: every body as it came, and the facts that wait for their order (contract §6)."""

from sqlalchemy import Column, LargeBinary, Table, Text

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
