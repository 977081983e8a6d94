"""What the reconciler asks PostgreSQL: reads without locks, each naming one bucket and bounded by a page."""

from typing import Final

from sale_adapters.postgres.outbox_sql import IS_SET_ASIDE
from sale_adapters.postgres.trips import Statement
from sale_domain.ports.reconciling import Wait

FEEDS: Final = Statement(b"SELECT merchant_id, n FROM merchant_feeds WHERE bucket = $1", ("bucket",))

PAGE: Final = Statement(
    b"SELECT id, merchant_id, updated_at FROM sale_orders WHERE bucket = $1 AND id > $2 ORDER BY id LIMIT $3",
    ("bucket", "after", "limit"),
)
PAGE_OF_MERCHANT: Final = Statement(
    b"""
    SELECT id, merchant_id, updated_at FROM sale_orders WHERE bucket = $1 AND merchant_id = $2 AND id > $3
    ORDER BY id LIMIT $4
    """,
    ("bucket", "merchant_id", "after", "limit"),
)

TOLD_AT: Final = Statement(
    b"SELECT DISTINCT order_id FROM history WHERE bucket = $1 AND merchant_id = $2 AND n = ANY($3::bigint[])",
    ("bucket", "merchant_id", "numbers"),
)

ORDERS: Final = Statement(
    b"SELECT * FROM sale_orders WHERE bucket = $1 AND id = ANY($2::text[]) ORDER BY id", ("bucket", "order_ids")
)

EVENTS: Final = Statement(
    b"""
    SELECT event_id, order_id, seq, transition, topic, partition, log_offset, cluster_id,
        released_at IS NOT NULL AS released
    FROM outbox WHERE bucket = $1 AND order_id = ANY($2::text[]) ORDER BY order_id, seq
    """,
    ("bucket", "order_ids"),
)

ENTRIES: Final = Statement(
    b"""
    SELECT order_id, version, status, at, transition,
        CASE WHEN action = 'ORDER_PAYMENT_UPDATED' THEN (data ->> 'received')::numeric END AS received
    FROM history WHERE bucket = $1 AND order_id = ANY($2::text[]) AND thing_id = order_id ORDER BY order_id, n
    """,
    ("bucket", "order_ids"),
)

FEED: Final = Statement(
    b"SELECT n FROM merchant_feeds WHERE bucket = $1 AND merchant_id = $2", ("bucket", "merchant_id")
)
FEED_ROWS: Final = Statement(
    b"SELECT n, at FROM history WHERE bucket = $1 AND merchant_id = $2 AND n < $3 ORDER BY n DESC LIMIT $4",
    ("bucket", "merchant_id", "below", "limit"),
)

_OPEN_ORDERS = b"""
    SELECT id AS oldest, updated_at AS since, count(*) OVER () AS count FROM sale_orders
    WHERE bucket = $1 AND merchant_id = $2 AND status = '%s' AND updated_at < $3 ORDER BY updated_at, id LIMIT 1
"""
_OF_MERCHANT = ("bucket", "merchant_id", "since_before")

WAITING: Final = {
    Wait.DRAFT: Statement(_OPEN_ORDERS % b"DRAFT", _OF_MERCHANT),
    Wait.PROCESSING: Statement(_OPEN_ORDERS % b"PROCESSING", _OF_MERCHANT),
    Wait.PARTIAL: Statement(_OPEN_ORDERS % b"PARTIAL", _OF_MERCHANT),
    Wait.PARKED: Statement(
        b"""
        SELECT source_id AS oldest, parked_at AS since, count(*) OVER () AS count FROM parked_payments
        WHERE bucket = $1 AND parked_at < $2 ORDER BY parked_at LIMIT 1
        """,
        ("bucket", "since_before"),
    ),
    Wait.UNPUBLISHED: Statement(
        b"""
        SELECT event_id AS oldest, occurred_at AS since, count(*) OVER () AS count FROM outbox
        WHERE bucket = $1 AND merchant_id = $2 AND published_at IS NULL AND set_aside_at IS NULL
        AND released_at IS NULL AND occurred_at < $3
        ORDER BY occurred_at, event_id LIMIT 1
        """,
        _OF_MERCHANT,
    ),
    Wait.SET_ASIDE: Statement(
        f"""
        SELECT event_id AS oldest, set_aside_at AS since, count(*) OVER () AS count FROM outbox
        WHERE bucket = $1 AND merchant_id = $2 AND {IS_SET_ASIDE} AND set_aside_at < $3
        ORDER BY set_aside_at, event_id LIMIT 1
        """.encode(),  # noqa: S608 - of literals alone
        _OF_MERCHANT,
    ),
}
