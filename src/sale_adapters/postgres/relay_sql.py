"""What the relay says to PostgreSQL.

Every statement but two names one bucket; those two (`UNPUBLISHED`, `OFFSETS_OF_LAYOUT`) read without locks, so that a
distributed PostgreSQL runs them all (architecture §7).
"""

from typing import Final, LiteralString

from sale_adapters.postgres.outbox_sql import IS_HELD_BACK
from sale_adapters.postgres.sessions import TimeOuts
from sale_adapters.postgres.trips import Statement

Sql = LiteralString

# A relay paused in mid-transaction holds its shard's row: whoever takes over waits for these few seconds at most.
# The transaction's, which alone bounds a pipeline that was cut off, came with PostgreSQL 17.
TIME_OUTS: Final = TimeOuts(lock=4, statement=5, idle=2, transaction=3)

LAYOUTS: Final[Sql] = """
    SELECT layout, shards, prefix, ready_at IS NOT NULL FROM relay_layouts WHERE bucket = 0 ORDER BY layout
"""

UNRETIRED_LAYOUTS: Final[Sql] = """
    SELECT layout, shards, prefix, ready_at IS NOT NULL FROM relay_layouts
    WHERE bucket = 0 AND retired_at IS NULL ORDER BY layout
"""

# Two that make a layout ready at once need no lock: its older shards are retired by then, so that their offsets stand
# still, and both write the same.
STATE_OF_LAYOUTS: Final[Sql] = """
    SELECT layout, ready_at IS NOT NULL, retired_at IS NOT NULL FROM relay_layouts WHERE bucket = 0
"""

ADD_LAYOUT: Final[Sql] = """
    INSERT INTO relay_layouts (bucket, layout, shards, prefix) VALUES (0, %s, %s, %s) ON CONFLICT DO NOTHING
"""

ADD_SHARD: Final[Sql] = "INSERT INTO relay_shards (bucket, layout, shard) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"

RETIRE: Final[Sql] = """
    UPDATE relay_shards SET fence = fence + 1, retired = true
    WHERE bucket = %s AND layout = %s AND shard = %s
"""

RETIRE_LAYOUTS: Final[Sql] = """
    UPDATE relay_layouts SET retired_at = now() WHERE bucket = 0 AND layout < %s AND retired_at IS NULL
"""

READY_LAYOUT: Final[Sql] = "UPDATE relay_layouts SET ready_at = now() WHERE bucket = 0 AND layout = %s"

# Of several clusters the names are joined, which is the name of none: the new shards halt.
OFFSETS_OF_LAYOUT: Final[Sql] = """
    SELECT topic, partition,
        (SELECT string_agg(DISTINCT cluster_id, ' and ') FROM relay_offsets WHERE layout = %(layout)s),
        min(log_offset)
    FROM relay_offsets WHERE layout = %(layout)s GROUP BY topic, partition
"""

INHERIT_OFFSET: Final[Sql] = """
    INSERT INTO relay_offsets (bucket, layout, shard, topic, partition, cluster_id, log_offset)
    VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

TAKE: Final[Sql] = """
    UPDATE relay_shards SET fence = fence + 1, owner = %s, lease_until = now() + make_interval(secs => %s),
        asked_until = NULL
    WHERE bucket = %s AND layout = %s AND shard = %s AND NOT retired
    AND (owner IS NULL OR owner = %s OR lease_until < now())
    RETURNING fence
"""

RENEW: Final[Sql] = """
    UPDATE relay_shards SET lease_until = now() + make_interval(secs => %s)
    WHERE bucket = %s AND layout = %s AND shard = %s AND owner = %s AND NOT retired
    RETURNING CASE WHEN asked_until >= now() THEN asker_shards END
"""

# A relay asks twice a second; what it has said is written again when it is over, or when another has fewer.
ASK: Final[Sql] = """
    UPDATE relay_shards SET asker_shards = %(held)s, asked_until = now() + make_interval(secs => %(seconds)s)
    WHERE bucket = %(bucket)s AND layout = %(layout)s AND shard = %(shard)s AND NOT retired
    AND (asked_until IS NULL OR asked_until < now() OR asker_shards > %(held)s)
"""

RELEASE: Final[Sql] = """
    UPDATE relay_shards SET owner = NULL, lease_until = NULL
    WHERE bucket = %s AND layout = %s AND shard = %s AND owner = %s
"""

FENCE: Final[Sql] = "SELECT fence FROM relay_shards WHERE bucket = %s AND layout = %s AND shard = %s"

LOCK_FENCE: Final = Statement(
    b"SELECT fence FROM relay_shards WHERE bucket = $1 AND layout = $2 AND shard = $3 FOR UPDATE",
    ("bucket", "layout", "shard"),
)

# Those being marked are a hashed subplan: with `<> ALL` a generic plan would compare each row with each of them.
UNPUBLISHED: Final[Sql] = f"""
    SELECT o.event_id, o.order_id, o.seq, o.topic, o.payload, o.occurred_at, o.traceparent FROM outbox o
    WHERE o.bucket >= %s AND o.bucket < %s AND o.published_at IS NULL AND o.released_at IS NULL AND NOT {IS_HELD_BACK}
    AND o.event_id NOT IN (SELECT unnest(%s::text[]))
    ORDER BY o.occurred_at, o.order_id, o.seq LIMIT %s
"""  # noqa: S608 - of literals alone

RECORDED: Final[Sql] = """
    SELECT cluster_id, topic, partition, log_offset FROM relay_offsets
    WHERE bucket = %s AND layout = %s AND shard = %s
"""

RECORD_OFFSET: Final = Statement(
    b"""
    INSERT INTO relay_offsets (bucket, layout, shard, topic, partition, cluster_id, log_offset)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (bucket, layout, shard, topic, partition)
    DO UPDATE SET cluster_id = excluded.cluster_id, log_offset = excluded.log_offset
    """,
    ("bucket", "layout", "shard", "topic", "partition", "cluster_id", "log_offset"),
)

MARK: Final = Statement(
    b"""
    UPDATE outbox o SET published_at = now(), cluster_id = $2, partition = f.partition, log_offset = f.log_offset,
        set_aside_at = NULL, set_aside_reason = NULL, released_at = NULL, released_reason = NULL
    FROM unnest($3::text[], $4::int[], $5::bigint[]) AS f (event_id, partition, log_offset)
    WHERE o.bucket = $1 AND o.event_id = f.event_id AND o.published_at IS NULL
    RETURNING o.event_id
    """,
    ("bucket", "cluster_id", "event_ids", "partitions", "log_offsets"),
)

SET_ASIDE: Final = Statement(
    b"""
    UPDATE outbox SET set_aside_at = now(), set_aside_reason = $3
    WHERE bucket = $1 AND event_id = $2 AND published_at IS NULL AND released_at IS NULL
    RETURNING event_id
    """,
    ("bucket", "event_id", "reason"),
)
