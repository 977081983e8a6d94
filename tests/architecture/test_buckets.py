"""Every statement names the bucket of every table in it, or is listed here with the reason (architecture §7).

So a distributed PostgreSQL runs it on the one node where the bucket is; what is listed here asks all of them.
"""

import pytest
from sqlalchemy import UniqueConstraint

from bucket_check import strays
from sale_adapters.postgres.schema import METADATA
from sql_said import said

RELAY = "a relay reads what its shard, a range of buckets, has yet to send: one question, not one for each bucket"
SWEEP = "a sweep looks through the buckets that its relay leases, for the few rows that are due"
FIGURES = "/metrics counts over all merchants, at most once in five seconds for each process"
SCREENS = "a replica follows the screens of many merchants, each looked up by its own bucket"
OPERATOR = "a person at the command line looks at everything that waits"
LAYOUT = "a new layout begins where all shards of the old one have got to; asked once, when their number is changed"

ACROSS = {
    "relay_sql.UNPUBLISHED": RELAY,
    "relay_sql.OFFSETS_OF_LAYOUT": LAYOUT,
    **dict.fromkeys(("inbox_sql.ARRIVED", "usage_sql.DUE"), SWEEP),
    "feed.HEADS": SCREENS,
    **dict.fromkeys(("inbox_sql.WAITING", "outbox_desk._UNPUBLISHED"), OPERATOR),
    **dict.fromkeys(("figures.UNPUBLISHED", "figures.SET_ASIDE", "figures.HELD_BACK"), FIGURES),
    **dict.fromkeys(("figures.PARKED", "figures.ACTIVE_USAGES", "figures.UNALLOCATED", "figures.OPEN_ORDERS"), FIGURES),
}

BUCKETED = frozenset(table.name for table in METADATA.tables.values() if "bucket" in table.c)

NAMES = [
    "SELECT 1",
    "SELECT id FROM sale_orders WHERE bucket = $1 AND id = $2",
    "SELECT id FROM sale_orders o WHERE $1::smallint = o.bucket",
    "SELECT layout FROM relay_layouts WHERE bucket = 0",
    "SELECT o.id FROM sale_orders o JOIN outbox e ON e.bucket = o.bucket AND e.order_id = o.id WHERE o.bucket = $1",
    "SELECT o.id FROM sale_orders o, outbox e WHERE e.bucket = $1 AND e.bucket = o.bucket",
    "SELECT id FROM sale_orders o WHERE bucket = $1 AND EXISTS (SELECT FROM outbox e WHERE e.bucket = o.bucket)",
    "SELECT id FROM sale_orders WHERE bucket = $1 UNION ALL SELECT id FROM kitchen_tickets WHERE bucket = $1",
    "INSERT INTO merchant_feeds (merchant_id, bucket, n) VALUES ($1, $2, 1), ($3, $2, 1)",
    "INSERT INTO kitchen_stations VALUES ($1, $2, 0, '[]')",
    "INSERT INTO history (n, bucket) SELECT 1, o.bucket FROM sale_orders o WHERE o.bucket = $1",
    "UPDATE outbox o SET seq = f.seq FROM unnest($2::int[]) AS f (seq) WHERE o.bucket = $1",
    "DELETE FROM outbox WHERE bucket = $1 AND event_id = ANY(ARRAY(SELECT event_id FROM outbox WHERE bucket = $1))",
    "SELECT id FROM sale_orders WHERE bucket = $1 FOR UPDATE",
]

STRAYS = {
    "SELECT id FROM sale_orders": ["sale_orders"],
    "SELECT id FROM sale_orders WHERE id = $1 OR bucket = $2": ["sale_orders"],
    "SELECT id FROM sale_orders WHERE bucket <> $1": ["sale_orders"],
    "SELECT id FROM sale_orders WHERE bucket >= $1 AND bucket < $2": ["sale_orders"],
    "SELECT id FROM sale_orders WHERE bucket = ANY($1::smallint[])": ["sale_orders"],
    "SELECT o.id FROM sale_orders o JOIN outbox e ON e.order_id = o.id WHERE o.bucket = $1": ["outbox e"],
    "SELECT o.id FROM sale_orders o JOIN outbox e ON e.bucket = o.bucket": ["sale_orders o", "outbox e"],
    "SELECT id FROM sale_orders o WHERE o.bucket = $1 AND EXISTS (SELECT FROM outbox WHERE order_id = o.id)": [
        "outbox"
    ],
    "SELECT f.n FROM unnest($1::int[]) AS a (bucket) JOIN merchant_feeds f ON f.bucket = a.bucket": [
        "merchant_feeds f"
    ],
    "WITH w AS (SELECT id FROM sale_orders) SELECT id FROM w": ["sale_orders"],
    "INSERT INTO merchant_feeds (merchant_id, n) VALUES ($1, 1)": ["merchant_feeds"],
    "INSERT INTO merchant_feeds (bucket, n) VALUES ($1, 1), (1 + $2, 1)": ["merchant_feeds"],
    "INSERT INTO history (n, bucket) SELECT 1, o.bucket FROM sale_orders o": ["history", "sale_orders o"],
    "UPDATE outbox SET seq = 1 WHERE event_id = $1": ["outbox"],
    "UPDATE outbox o SET seq = 1 FROM sale_orders s WHERE o.bucket = $1 AND s.id = o.order_id": ["sale_orders s"],
    "DELETE FROM outbox USING sale_orders s WHERE s.bucket = $1": ["outbox"],
    # Where rows are locked each table needs its own: Citus refuses what a join or the question around it says.
    "SELECT o.id FROM sale_orders o JOIN outbox e ON e.bucket = o.bucket WHERE o.bucket = $1 FOR UPDATE": ["outbox e"],
    "SELECT (SELECT 1 FROM outbox WHERE bucket = o.bucket) FROM sale_orders o WHERE o.bucket = $1 FOR UPDATE": [
        "outbox"
    ],
}


def test_every_statement_names_its_buckets_or_is_listed_with_the_reason() -> None:
    statements = list(said())
    found = {each.place.partition(" ")[0] for each in statements if strays(each.sql, bucketed=BUCKETED)}
    assert found == set(ACROSS)
    assert len(statements) > 200


def test_every_table_has_a_bucket_before_all_else_in_its_keys() -> None:
    for table in METADATA.tables.values():
        assert next(iter(table.primary_key.columns)).name == "bucket"
        unique = [each.columns for each in table.constraints if isinstance(each, UniqueConstraint)]
        unique += [index.columns for index in table.indexes if index.unique]
        assert {next(iter(columns)).name for columns in unique} <= {"bucket"}
        assert {key.column_keys[0] for key in table.foreign_key_constraints} <= {"bucket"}


@pytest.mark.parametrize("statement", NAMES)
def test_a_bucket_is_named_by_a_parameter_or_by_one_that_is(statement: str) -> None:
    assert strays(statement, bucketed=BUCKETED) == []


@pytest.mark.parametrize(("statement", "tables"), STRAYS.items(), ids=STRAYS)
def test_a_table_whose_bucket_is_not_named_is_found(statement: str, tables: list[str]) -> None:
    assert strays(statement, bucketed=BUCKETED) == tables
