"""Whether inbox and outbox stay small and fast: a million rows a lap, written, published and cleaned up.

The first lap fills the tables. In each later one as many rows go as come: what grows then is bloat. Rows come, and
most of them are marked, by statements that do as much to the tables as the product's do one by one; all else is the
product's own code, and PostgreSQL's autovacuum works as it is set, with nobody helping
but for one VACUUM behind the last lap, which tells what a pace has cost that autovacuum could not keep up with.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import attrs
import psycopg

from sale_adapters.embedded import EmbeddedPostgres
from sale_adapters.postgres import (
    Database,
    PostgresFigures,
    PostgresInbox,
    PostgresLeftovers,
    figures,
    inbox_sql,
    relay_sql,
)
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_domain.ids import BUCKETS, MerchantId, merchant_bucket, new_id
from sale_domain.ports.leftovers import Leftover
from sale_domain.ports.publishing import Lease, LogRecord, Partition, PublishedAt
from sale_domain.publishing import RelayPolicy
from sale_domain.use_cases.sweeping import PAGE, clean_up

TOPIC, OWNER, MERCHANTS, BATCH = "payment.success", "bench", 16, 1_000
TABLES = ("outbox", "webhook_log", "parked_payments", "relay_shards", "relay_offsets")
HERE = Path(__file__).parent
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

PLACE = merchant_bucket(MerchantId("merchant-0"))
# Every row's id begins with its time, as the product's do; %(ends)s are the last characters of the merchants' ids.
_ROWS: LiteralString = """
    SELECT n, 1 + n %% cardinality(%(buckets)s::int[]) AS m, %(at)s::timestamptz AS at, %(of)s || lpad(n::text, 16, '0')
        || (%(ends)s::text[])[1 + n %% cardinality(%(ends)s::text[])] AS id FROM generate_series(1, %(count)s::int) n
"""
OUTBOX: LiteralString = f"""
    INSERT INTO outbox (bucket, event_id, order_id, seq, transition, merchant_id, topic, payload, occurred_at)
    SELECT (%(buckets)s::int[])[m], id, id, 1, 1, 'merchant-' || m, 'payment.success', repeat('x', 1200), at
    FROM ({_ROWS}) AS rows
"""  # noqa: S608 - of literals alone
WEBHOOKS: LiteralString = f"""
    INSERT INTO webhook_log (bucket, id, received_at, event_type, body, outcome)
    SELECT (%(buckets)s::int[])[m], id, at, 'mq-pay:attempt.success', repeat('x', 400)::bytea, 'applied'
    FROM ({_ROWS}) AS rows
"""  # noqa: S608 - of literals alone
PARKED: LiteralString = f"""
    INSERT INTO parked_payments
        (bucket, fact_key, type, source_type, source_id, amount, attempt_uid, at, parked_at, webhook_id)
    SELECT (%(buckets)s::int[])[m], id::bytea, 'mq-pay:attempt.success', 'SaleOrder', id, 1, id, at, at, id
    FROM ({_ROWS}) AS rows
"""  # noqa: S608 - of literals alone
# What the relay's mark does to a row, for as many as there are.
PUBLISH: LiteralString = """
    UPDATE outbox SET published_at = now(), cluster_id = 'bench', partition = 0, log_offset = 0
    WHERE published_at IS NULL
"""
SIZES: LiteralString = """
    SELECT c.relname, pg_table_size(c.oid) FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE coalesce(i.indrelid, c.oid) = ANY (%s::regclass[]) ORDER BY c.relkind DESC, c.relname
"""


def _numbered(statement: str) -> str:
    """Return the statement with $1, $2, … where psycopg's place holders were."""
    first, *rest = statement.split("%s")
    return first + "".join(f"${n}{part}" for n, part in enumerate(rest, 1))


QUESTIONS: Mapping[str, tuple[str, str]] = {
    "count_unpublished": (figures.UNPUBLISHED.sql.decode(), "10000"),
    "count_set_aside": (figures.SET_ASIDE.sql.decode(), "10000"),
    "count_parked": (figures.PARKED.sql.decode(), "10000"),
    "next_unpublished": (
        _numbered(relay_sql.UNPUBLISHED),
        f"0, 1024, '{{}}', {attrs.fields(RelayPolicy).batch_size.default}",
    ),
    "parked_lately": (inbox_sql.ARRIVED.sql.decode(), "0, 1024, now() - interval '10 minutes', '', 100"),
    "all_parked": (inbox_sql.ARRIVED.sql.decode(), "0, 1024, '1970-01-01', '', 100"),
    "late": (inbox_sql.WAITING.sql.decode(), "0, 1024, now(), 11"),
    "drop_published": (inbox_sql.DROP_PUBLISHED.sql.decode(), f"{PLACE}, now(), 1000"),
    "drop_webhooks": (inbox_sql.DROP_WEBHOOKS.sql.decode(), f"{PLACE}, now(), 1000, '7'"),
}


@attrs.frozen(kw_only=True)
class Bench:
    """The product's parts on one database, and a connection to fill and to look with."""

    database: Database
    outbox: PostgresRelayOutbox
    lease: Lease
    hand: psycopg.AsyncConnection
    offsets: "itertools.count[int]" = attrs.field(factory=itertools.count)

    async def write(self, count: int) -> None:
        """Let so many payments come: their bodies, and their events."""
        await self._insert(WEBHOOKS, count)
        await self._insert(OUTBOX, count)

    async def chunk(self, count: int) -> datetime:
        """Let payments come, half of them before their orders, and publish them; return when all was done."""
        await self.write(count)
        await self._insert(PARKED, count // 2)
        # A sweep finds the order of each, in a transaction each; here all at once.
        await self.hand.execute("DELETE FROM parked_payments")
        await self.publish(limit=BATCH)
        await self.hand.execute(PUBLISH)
        return datetime.now(UTC)

    async def wait(self, count: int) -> None:
        """Park so many facts whose orders never come."""
        await self._insert(PARKED, count, at=datetime.now(UTC) - timedelta(hours=1))

    async def publish(self, *, limit: int) -> int:
        """Relay one batch, as if Kafka had taken it; return how large it was."""
        rows = await self.outbox.unpublished(self.lease, limit=limit)
        at = [PublishedAt(topic=TOPIC, partition=0, offset=next(self.offsets)) for _ in rows]
        records = [LogRecord(event_id=row.event_id, at=place) for row, place in zip(rows, at, strict=True)]
        if records:
            positions = {Partition(topic=TOPIC, number=0): at[-1].offset + 1}
            await self.outbox.settle(self.lease, cluster_id="bench", records=records, positions=positions)
        return len(records)

    async def drop(self, before: datetime) -> int:
        """Clean up as the relay's chore does; return how many rows went."""
        limits = {Leftover.PUBLISHED: before, Leftover.WEBHOOKS: before}
        return sum((await clean_up(PostgresLeftovers(self.database), range(BUCKETS), before=limits)).values())

    async def sizes(self) -> Mapping[str, float]:
        """Return the size of every table and index, in MB."""
        found = await (await self.hand.execute(SIZES, (list(TABLES),))).fetchall()
        return {name: round(size / 1e6, 1) for name, size in found}

    async def times(self) -> Mapping[str, float]:
        """Return what each hot question takes, in ms: the median of several."""
        inbox, everything, now = PostgresInbox(self.database), range(BUCKETS), datetime.now(UTC)
        lately = now - timedelta(minutes=10)
        await self.write(BATCH)
        return {
            "relay: next 100 unpublished": await _median(lambda: self.outbox.unpublished(self.lease, limit=100)),
            "relay: read 100, mark them": await _median(lambda: self.publish(limit=100), rounds=BATCH // 100),
            "relay: next, nothing there": await _median(lambda: self.outbox.unpublished(self.lease, limit=100)),
            "sweep: parked lately": await _median(lambda: inbox.arrived(everything, since=lately, limit=PAGE)),
            "sweep: all that is parked": await _median(lambda: inbox.arrived(everything, since=BEGINNING, limit=PAGE)),
            "sweep: what is late": await _median(lambda: inbox.waiting(everything, until=now, limit=11)),
            "metrics: all figures": await _median(PostgresFigures(self.database).read),
            "clean-up: nothing old": await _median(lambda: self.drop(BEGINNING), rounds=3),
        }

    async def plans(self) -> AsyncIterator[str]:
        """Yield what PostgreSQL does for each hot question, as it plans for any values, and as it then goes."""
        await self.hand.execute("SET plan_cache_mode = force_generic_plan")
        for name, (statement, values) in QUESTIONS.items():
            await self.hand.execute(f"PREPARE {name} AS {statement}".encode())
            ask = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE {name} ({values})"
            async with self.hand.transaction(force_rollback=True):
                lines = await (await self.hand.execute(ask.encode())).fetchall()
            yield "\n  ".join((f"  {name}", *("  " + line for (line,) in lines)))
            await self.hand.execute(b"DEALLOCATE ALL")

    async def _insert(self, statement: LiteralString, count: int, *, at: datetime | None = None) -> None:
        at, buckets = at or datetime.now(UTC), [merchant_bucket(MerchantId(f"merchant-{n}")) for n in range(MERCHANTS)]
        ids = [new_id(milliseconds=int(at.timestamp() * 1000), randomness=0, bucket=bucket) for bucket in buckets]
        values = {"buckets": buckets, "ends": [i[-2:] for i in ids], "of": ids[0][:10], "at": at, "count": count}
        await self.hand.execute(statement, values)


async def _median(work: Callable[[], Awaitable[object]], *, rounds: int = 21) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        await work()
        taken.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(taken), 2)


async def _run(url: str, *, rows: int, laps: int) -> Mapping[str, object]:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(url, connections=2))
        outbox = await stack.enter_async_context(PostgresRelayOutbox(url))
        hand = await stack.enter_async_context(await psycopg.AsyncConnection.connect(url, autocommit=True))
        layout = await outbox.add_layout(number=1, shards=1)
        await outbox.make_ready(layout)
        lease = await outbox.take(layout.parts()[0], owner=OWNER, lease_seconds=3600)
        assert lease is not None, "nobody else is here"
        bench = Bench(database=database, outbox=outbox, lease=lease, hand=hand)
        report: dict[str, object] = {"empty": await _seen(bench, "empty")}
        done: list[datetime] = []
        chunk = max(BATCH, rows // 50)
        for lap in range(1, laps + 1):
            began = time.monotonic()
            for _ in range(rows // chunk):
                done.append(await bench.chunk(chunk))
                if len(done) > rows // chunk:
                    await bench.drop(done[-1 - rows // chunk])
            name = f"lap {lap}, {time.monotonic() - began:.0f} s"
            report[f"lap {lap}"] = await _seen(bench, name)
        await hand.execute(b"VACUUM outbox, webhook_log")
        report["vacuumed"] = await _seen(bench, "right after a vacuum")
        return {**report, **await _in_trouble(bench, url, rows)}


async def _in_trouble(bench: Bench, url: str, rows: int) -> Mapping[str, object]:
    """Measure what a good day does not have: somebody's long transaction, Kafka away, orders that never come."""
    report: dict[str, object] = {}
    async with await psycopg.AsyncConnection.connect(url) as reader:
        await reader.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await reader.execute("SELECT count(*) FROM relay_layouts")
        await bench.chunk(rows // 10)
        report["long transaction"] = await _seen(bench, f"{rows // 10} published under a long transaction")
    report["after it"] = await _seen(bench, "after it has ended")
    await bench.wait(rows)
    report["parked"] = await _seen(bench, f"{rows} wait for orders that never come")
    await bench.write(rows)
    report["backlog"] = await _seen(bench, f"{rows} unpublished")
    return report


async def _seen(bench: Bench, name: str) -> Mapping[str, object]:
    times, sizes = await bench.times(), await bench.sizes()
    sys.stdout.write(f"\n{name}\n")
    for what, figure in itertools.chain(times.items(), sizes.items()):
        sys.stdout.write(f"  {what:42}{figure:10.2f} {'ms' if what in times else 'MB'}\n")
    async for plan in bench.plans():
        sys.stdout.write(plan + "\n")
    sys.stdout.flush()
    return {"ms": times, "MB": sizes}


async def main() -> int:
    """Measure, print, write `upkeep.json`; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--laps", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sale-bench-") as home:
        postgres = EmbeddedPostgres(data_dir=Path(home), durable=False)
        await postgres.start()
        try:
            await asyncio.to_thread(migrate, postgres.url)
            report = await _run(postgres.url, rows=asked.rows, laps=asked.laps)
        finally:
            await postgres.stop()
    (HERE / "upkeep.json").write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
