"""What sweeps and operators ask of the inbox.

`ARRIVED` and `WAITING` read a range of buckets, without locks, as the relay's own reads do (architecture §7).
"""

from typing import Final

from sale_adapters.postgres.schema.inbox import PARKED_PAYMENTS
from sale_adapters.postgres.statements import names
from sale_adapters.postgres.trips import Statement

# Only ids of ours are compared with orders: the length is the index's condition too.
ARRIVED: Final = Statement(
    b"""
    SELECT %s FROM parked_payments p
    WHERE p.bucket >= $1 AND p.bucket < $2 AND (p.parked_at, p.webhook_id) > ($3, $4)
    AND p.source_type = 'SaleOrder' AND length(p.source_id) = 28
    AND EXISTS (SELECT FROM sale_orders o WHERE o.bucket = p.bucket AND o.id = p.source_id)
    ORDER BY p.parked_at, p.webhook_id LIMIT $5
    """
    % names(PARKED_PAYMENTS, "p"),
    ("first", "stop", "since", "after", "limit"),
)

WAITING: Final = Statement(
    b"""
    SELECT %s FROM parked_payments p WHERE p.bucket >= $1 AND p.bucket < $2 AND p.parked_at < $3
    ORDER BY p.parked_at, p.webhook_id LIMIT $4
    """
    % names(PARKED_PAYMENTS, "p"),
    ("first", "stop", "until", "limit"),
)

WEBHOOK: Final = Statement(
    b"""
    SELECT id, received_at, event_type, body, outcome FROM webhook_log WHERE bucket = $1 AND id = $2
    """,
    ("bucket", "id"),
)

# An id is searched for in the bytes as they came: a question asked now and then is worth no index on every payment, and
# the time that bodies came in bounds how many are read.
WEBHOOKS_NAMING: Final = Statement(
    b"""
    SELECT id, received_at, event_type, body, outcome FROM webhook_log
    WHERE bucket = $1 AND id >= $2 AND id < $3 AND position($4::bytea IN body) > 0 ORDER BY id LIMIT $5
    """,
    ("bucket", "first_id", "stop_id", "sought", "limit"),
)

# Each drop asks for the time twice: of a row that was renewed while its lock was waited for, only the outer one knows.
DROP_ANSWERS: Final = Statement(
    b"""
    DELETE FROM idempotency_keys WHERE bucket = $1 AND created_at < $2 AND digest = ANY (ARRAY(
        SELECT digest FROM idempotency_keys WHERE bucket = $1 AND created_at < $2 ORDER BY created_at LIMIT $3
    )) RETURNING 1
    """,
    ("bucket", "before", "most"),
)

DROP_PUBLISHED: Final = Statement(
    b"""
    DELETE FROM outbox WHERE bucket = $1 AND published_at < $2 AND event_id = ANY (ARRAY(
        SELECT event_id FROM outbox WHERE bucket = $1 AND published_at < $2
        ORDER BY published_at, order_id, seq LIMIT $3
    )) RETURNING 1
    """,
    ("bucket", "before", "most"),
)

# Ids are time-ordered, so the oldest bodies are the first of the key, and no further index is written with each.
DROP_WEBHOOKS: Final = Statement(
    b"""
    DELETE FROM webhook_log WHERE bucket = $1 AND id = ANY (ARRAY(
        SELECT w.id FROM webhook_log w WHERE w.bucket = $1 AND w.id < $4 AND w.received_at < $2 AND NOT EXISTS (
            SELECT FROM parked_payments p
            WHERE p.bucket = $1 AND p.parked_at = w.received_at AND p.webhook_id = w.id
        ) ORDER BY w.id LIMIT $3
    )) RETURNING 1
    """,
    ("bucket", "before", "most", "first_kept_id"),
)
