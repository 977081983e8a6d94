"""What the reconciler asks PostgreSQL: reads without locks, each naming one bucket and bounded by a page."""

from typing import Final

from sale_adapters.postgres.outbox_sql import IS_SET_ASIDE
from sale_adapters.postgres.schema.orders import SALE_ORDERS
from sale_adapters.postgres.statements import names
from sale_adapters.postgres.trips import Statement
from sale_domain.ports.reconciling import Wait


# Python knows no time beyond the year 9999, and PostgreSQL does: such a row is to be compared, not to end the reading.
def _readable(column: bytes) -> bytes:
    return b"least(greatest(%s, '0001-01-02Z'), '9999-12-30Z')" % column


FEEDS: Final = Statement(b"SELECT merchant_id, n FROM merchant_feeds WHERE bucket = $1", ("bucket",))

_STAMPS = b"SELECT id, merchant_id, " + _readable(b"updated_at") + b" AS updated_at FROM sale_orders"
PAGE: Final = Statement(
    _STAMPS + b" WHERE bucket = $1 AND id > $2 ORDER BY id LIMIT $3",
    ("bucket", "after", "limit"),
)
PAGE_OF_MERCHANT: Final = Statement(
    _STAMPS + b" WHERE bucket = $1 AND merchant_id = $2 AND id > $3 ORDER BY id LIMIT $4",
    ("bucket", "merchant_id", "after", "limit"),
)

TOLD_AT: Final = Statement(
    b"SELECT DISTINCT order_id FROM history WHERE bucket = $1 AND merchant_id = $2 AND n = ANY($3::bigint[])",
    ("bucket", "merchant_id", "numbers"),
)

ORDERS: Final = Statement(
    b"SELECT %s FROM sale_orders WHERE bucket = $1 AND id = ANY($2::text[]) ORDER BY id" % names(SALE_ORDERS),
    ("bucket", "order_ids"),
)

EVENTS: Final = Statement(
    b"""
    SELECT event_id, order_id, seq, transition, occurred_at, topic, partition, log_offset, cluster_id,
        released_at IS NOT NULL AS released,
        payload::json ->> 'eventId' AS told_event_id,
        payload::json ->> 'saleOrderId' AS told_order_id,
        (payload::json ->> 'transition')::integer AS told_transition,
        (payload::json #>> '{payment,paid}')::numeric AS told_paid,
        (payload::json #>> '{payment,total}')::numeric AS told_total
    FROM outbox WHERE bucket = $1 AND order_id = ANY($2::text[]) ORDER BY order_id, seq
    """,
    ("bucket", "order_ids"),
)

SNAPSHOTS: Final = Statement(
    b"SELECT order_id, checkout FROM checkout_snapshots WHERE bucket = $1 AND order_id = ANY($2::text[])",
    ("bucket", "order_ids"),
)

# An order's id is at the front of a unique index, so the groups come in its order, and a page ends where it is full.
_EVENTS_OF = b"""
    SELECT o.order_id, min(o.merchant_id) AS merchant_id,
        EXISTS (SELECT FROM sale_orders s WHERE s.bucket = $1 AND s.id = o.order_id) AS has_order
    FROM outbox o WHERE o.bucket = $1 AND o.order_id > $2%s GROUP BY o.order_id ORDER BY o.order_id LIMIT $3
"""
EVENTS_OF: Final = Statement(_EVENTS_OF % b"", ("bucket", "after", "limit"))
EVENTS_OF_MERCHANT: Final = Statement(
    _EVENTS_OF % b" AND o.merchant_id = $4", ("bucket", "after", "limit", "merchant_id")
)

ENTRIES: Final = Statement(
    b"""
    SELECT order_id, version, action, status, at, transition,
        CASE WHEN action = 'ORDER_PAYMENT_UPDATED' THEN (data ->> 'amount')::numeric END AS amount,
        CASE WHEN action = 'ORDER_PAYMENT_UPDATED' THEN (data ->> 'received')::numeric END AS received
    FROM history WHERE bucket = $1 AND order_id = ANY($2::text[]) AND thing_id = order_id ORDER BY order_id, n
    """,
    ("bucket", "order_ids"),
)

FEED: Final = Statement(
    b"SELECT n FROM merchant_feeds WHERE bucket = $1 AND merchant_id = $2", ("bucket", "merchant_id")
)
FEED_ROWS: Final = Statement(
    b"SELECT n, "
    + _readable(b"at")
    + b" AS at FROM history WHERE bucket = $1 AND merchant_id = $2 AND n < $3 ORDER BY n DESC LIMIT $4",
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
