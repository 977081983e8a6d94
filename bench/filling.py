"""Many orders at once: one that Sale itself has made, copied inside PostgreSQL under other names."""

from collections.abc import Iterator, Sequence
from typing import LiteralString

import attrs
import psycopg

from sale_domain.ids import BUCKETS, MerchantId, merchant_bucket, new_id

_DIGITS = 16
"""Of an order's number in its id, behind the ten characters of its time."""


@attrs.frozen(kw_only=True)
class Shelf:
    """A set of orders with numbers from 1, spread over merchants.

    Attributes:
        time: The first ten characters of their ids.
        merchants: Their names.
        buckets: Where each merchant's rows live.
        ends: How the ids of each merchant end.
    """

    time: str
    merchants: Sequence[str]
    buckets: Sequence[int]
    ends: Sequence[str]

    @classmethod
    def of_sale(cls, time: str, *, merchants: int) -> "Shelf":
        """Return a set that Sale serves."""
        names = [f"merchant-{n}" for n in range(merchants)]
        buckets = [merchant_bucket(MerchantId(name)) for name in names]
        ends = [new_id(milliseconds=0, randomness=0, bucket=bucket)[-2:] for bucket in buckets]
        return cls(time=time, merchants=names, buckets=buckets, ends=ends)

    @classmethod
    def of_pgbench(cls, time: str, *, merchants: int) -> "Shelf":
        """Return a set that pgbench can name: the bucket is the merchant's number, and no id tells it."""
        assert merchants <= BUCKETS, "each has a bucket of its own"
        names = [f"yard-{n}" for n in range(merchants)]
        return cls(time=time, merchants=names, buckets=range(merchants), ends=["00"] * merchants)

    def orders(self, count: int) -> Iterator[tuple[str, str]]:
        """Yield the id and the merchant of each order."""
        for n in range(1, count + 1):
            m = n % len(self.merchants)
            yield f"{self.time}{n:0{_DIGITS}}{self.ends[m]}", self.merchants[m]


# A copy is the row itself but for its names. Its key is made anew from the number k; n is its place among its
# merchant's.
_COPIES: LiteralString = """
    FROM generate_series(%(first)s::int, %(last)s::int) AS k
    CROSS JOIN LATERAL (SELECT 1 + k %% %(many)s::int AS m, k / %(many)s::int AS n) AS place
    CROSS JOIN LATERAL (SELECT (%(merchants)s::text[])[m] AS merchant, (%(buckets)s::int[])[m] AS bucket,
        (%(ends)s::text[])[m] AS ending, %(time)s || lpad(k::text, 16, '0') || (%(ends)s::text[])[m] AS id) AS name
"""
_ROWS: dict[str, LiteralString] = {
    "sale_orders": """
        JOIN sale_orders t ON t.id = %(template)s
        CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
            'id', name.id, 'number', name.id, 'bucket', name.bucket, 'merchant_id', merchant)) AS r""",
    "sale_order_lines": """
        JOIN sale_order_lines t ON t.order_id = %(template)s
        CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
            'id', left(t.id, 26) || ending, 'order_id', name.id, 'bucket', name.bucket)) AS r""",
    "checkout_snapshots": """
        JOIN checkout_snapshots t ON t.order_id = %(template)s
        CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
            'order_id', name.id, 'bucket', name.bucket)) AS r""",
    "history": """
        JOIN (SELECT h, row_number() OVER (ORDER BY h.n) AS entry, count(*) OVER () AS entries
            FROM history h WHERE h.order_id = %(template)s) AS t ON true
        CROSS JOIN LATERAL jsonb_populate_record(t.h, jsonb_build_object(
            'order_id', name.id, 'thing_id', name.id, 'bucket', name.bucket, 'merchant_id', merchant,
            'n', %(base)s::bigint + place.n * entries + entry)) AS r""",
}
_EVENTS: LiteralString = """
    JOIN outbox t ON t.event_id = %(template)s
    CROSS JOIN LATERAL overlay(name.id PLACING %(events)s FROM 1) AS event
    CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
        'event_id', event, 'order_id', name.id, 'bucket', name.bucket, 'merchant_id', merchant,
        'payload', replace(replace(t.payload, t.event_id, event), t.order_id, name.id),
        'occurred_at', clock_timestamp(), 'published_at', NULL, 'cluster_id', NULL, 'partition', NULL,
        'log_offset', NULL)) AS r"""
_FEEDS: LiteralString = """
    INSERT INTO merchant_feeds (bucket, merchant_id, n)
    SELECT bucket, merchant_id, max(n) FROM history WHERE merchant_id = ANY (%(merchants)s) GROUP BY bucket, merchant_id
    ON CONFLICT (bucket, merchant_id) DO UPDATE SET n = excluded.n
"""


def fill(connection: psycopg.Connection, shelf: Shelf, *, template: str, first: int, last: int) -> None:
    """Copy an order to the numbers from `first` to `last`."""
    values = _values(shelf, template, first, last)
    (base,) = connection.execute(
        "SELECT coalesce(max(n), 0) FROM merchant_feeds WHERE merchant_id = ANY (%(merchants)s)", values
    ).fetchone() or (0,)
    for table, rows in _ROWS.items():
        connection.execute(f"INSERT INTO {table} SELECT r.* {_COPIES} {rows}".encode(), {**values, "base": base})
    connection.execute(_FEEDS, values)


def fill_outbox(
    connection: psycopg.Connection,
    shelf: Shelf,
    *,
    events: str,
    template: str,
    first: int,
    last: int,
    table: LiteralString = "outbox",
) -> None:
    """Copy an event that waits for Kafka, one for each order from `first` to `last`.

    Args:
        connection: Where.
        shelf: The orders, which need not be there.
        events: The first ten characters of the events' ids.
        template: The id of the event.
        first: The first order's number.
        last: The last order's.
        table: Another one like the outbox.
    """
    values = {**_values(shelf, template, first, last), "events": events}
    connection.execute(f"INSERT INTO {table} SELECT r.* {_COPIES} {_EVENTS}".encode(), values)


def _values(shelf: Shelf, template: str, first: int, last: int) -> dict[str, object]:
    return {
        "first": first,
        "last": last,
        "template": template,
        "time": shelf.time,
        "many": len(shelf.merchants),
        "merchants": list(shelf.merchants),
        "buckets": list(shelf.buckets),
        "ends": list(shelf.ends),
    }


def settle(connection: psycopg.Connection) -> None:
    """Leave nothing to do behind a filling that would disturb what is measured."""
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")
