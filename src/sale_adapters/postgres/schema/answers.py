"""The answers that repeated requests get (Idempotency-Key, contract §9)."""

from sqlalchemy import JSON, CheckConstraint, Column, Index, LargeBinary, SmallInteger, Table, Text, func

from sale_adapters.postgres.schema.columns import INSTANT, bucket
from sale_adapters.postgres.schema.metadata import METADATA

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    bucket(),
    Column("digest", LargeBinary, primary_key=True, comment="of the next five: together too long for an index"),
    Column("merchant_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, comment="a digest of the request's body"),
    Column("status", SmallInteger, comment="null only inside the transaction that will answer"),
    Column("headers", JSON),
    Column("body", LargeBinary),
    Column("created_at", INSTANT, nullable=False, server_default=func.now()),
    CheckConstraint("num_nulls(status, headers, body) IN (0, 3)", name="answer_together"),
    # The answer is written where the key was; each row is dropped a day later, so vacuum soon.
    postgresql_with={"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.02},
)

# The clean-up drops what is older than 24 hours.
Index("ix_idempotency_keys_oldest", IDEMPOTENCY_KEYS.c.bucket, IDEMPOTENCY_KEYS.c.created_at)
