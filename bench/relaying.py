"""The relay: how soon an event can be read after its commit, and how fast a backlog goes, each event once."""

import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import attrs
import psycopg

from asked import Asked, PartFailed
from relay_rig import Burnt, RelayRig, arrivals, open_relay_rig, refuse_repeats
from report import Figure
from sale_adapters.redis.alarm import RELAY_CHANNEL, RedisAlarm

EVENTS_A_SECOND, WARMING_SECONDS = 200, 5
GOAL_P50_MS, MUST_P50_MS, GOAL_P99_MS, MUST_P99_MS = 50, 100, 250, 500
MUST_DRAIN = 3_000
SLOWEST, TILLS = 0.9, 8
PIECES = 5
# Of the rows by the moment of their marking, in as many pieces as wanted: how many, and from when to when.
_PIECES = """
    SELECT count(*), extract(epoch FROM min(published_at)), extract(epoch FROM max(published_at)) FROM (
        SELECT published_at, ntile(%s) OVER (ORDER BY published_at) AS piece
        FROM outbox WHERE occurred_at > %s AND published_at IS NOT NULL) AS marked
    GROUP BY piece ORDER BY piece
"""
_COMMIT = "INSERT INTO outbox SELECT * FROM staged WHERE event_id = %s"
_WAITING = "SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"


@attrs.frozen(kw_only=True)
class Drained:
    """How a backlog went: events a second in each piece of it, and what each event has cost in milliseconds of CPU."""

    per_second: Sequence[float]
    cost: Burnt
    seconds: float


async def relaying(asked: Asked) -> AsyncGenerator[Figure]:
    """Measure both with one relay process and one shard."""
    async with open_relay_rig() as rig:
        async with rig.relays(shards=1, processes=1):
            late_ms = sorted(await _late_ms(rig, seconds=2 * asked.seconds))
        each = statistics.quantiles(late_ms, n=100)
        goals: Sequence[tuple[str, float, int, int]] = (
            ("p50", each[49], GOAL_P50_MS, MUST_P50_MS),
            ("p99", each[98], GOAL_P99_MS, MUST_P99_MS),
        )
        for name, value, goal, must in goals:
            yield Figure(
                name=f"relay, commit to readable, {name}",
                unit=f"ms at {EVENTS_A_SECOND}/s",
                values=[value],
                goal=goal,
                must=must,
                less_is_better=True,
            )
        gone = await drain(rig, backlog=asked.orders[0] // 2, shards=1, processes=1)
        yield Figure(name="relay, backlog, one shard", unit="events a second", values=gone.per_second, must=MUST_DRAIN)
        for part, spent in attrs.asdict(gone.cost).items():
            yield Figure(name=f"relay, backlog, CPU of {part}", unit="ms an event", values=[spent])
        refuse_repeats(await read(rig), count=rig.count + 1)


async def drain(rig: RelayRig, *, backlog: int, shards: int, processes: int) -> Drained:
    """Start relays, let them share the shards, lay a backlog before them at once, and see it go."""
    with psycopg.connect(rig.postgres.url, autocommit=True) as connection:
        async with rig.relays(shards=shards, processes=processes) as relays:
            (began,) = connection.execute("SELECT clock_timestamp()").fetchone() or ("",)
            await asyncio.to_thread(rig.add_events, connection, backlog)
            connection.execute("VACUUM (ANALYZE) outbox")  # autovacuum may come by at any moment, or not at all
            before, started = rig.burnt(relays), time.monotonic()
            # Another process cannot set an event of ours.
            while (connection.execute(_WAITING).fetchone() or (False,))[0]:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
            after, took = rig.burnt(relays), time.monotonic() - started
            holders = await rig.holders()
        pieces = connection.execute(_PIECES, (PIECES, began)).fetchall()
    ends = [pieces[0][1], *(end for *_, end in pieces)]
    rates = [
        float(count / max(end - start, 0.001)) for (count, *_), start, end in zip(pieces, ends, ends[1:], strict=False)
    ]
    cost = Burnt(
        **{name: 1_000 * (spent - attrs.asdict(before)[name]) / backlog for name, spent in attrs.asdict(after).items()}
    )
    sys.stdout.write(
        f"{backlog} events, {shards} shards held by {holders} of {processes} processes: {took:.1f} s; "
        f"a second: {' '.join(f'{rate:.0f}' for rate in rates)}; CPU ms an event: relay {cost.relay:.2f}, "
        f"PostgreSQL {cost.postgres:.2f}, Kafka {cost.kafka:.2f}\n"
    )
    sys.stdout.flush()
    return Drained(per_second=rates, cost=cost, seconds=took)


async def read(rig: RelayRig) -> Counter[str]:
    """Read the whole log; return how often each event is in it."""
    found = await _apart(partial(arrivals, rig.kafka.bootstrap, count=rig.count + 1, timeout_seconds=120))
    return Counter(event for event, _ in found)


async def _late_ms(rig: RelayRig, *, seconds: int) -> list[float]:
    """Commit events one by one at an even pace; return how late each was to be read, in milliseconds."""
    count = EVENTS_A_SECOND * (WARMING_SECONDS + seconds)
    reading = asyncio.create_task(
        _apart(partial(arrivals, rig.kafka.bootstrap, count=count + rig.count + 1, timeout_seconds=seconds + 60))
    )
    with psycopg.connect(rig.postgres.url, autocommit=True) as connection:
        staged = await asyncio.to_thread(_stage, rig, connection, count)
    committed = await _commit_evenly(rig, staged)
    came = dict(await reading)
    if lost := committed.keys() - came.keys():
        raise PartFailed(f"{len(lost)} of {count} events could not be read in time")
    return [1_000 * (came[event] - committed[event]) for event in staged[EVENTS_A_SECOND * WARMING_SECONDS :]]


def _stage(rig: RelayRig, connection: psycopg.Connection, count: int) -> Sequence[str]:
    """Have events ready, in the order in which they will be committed."""
    connection.execute("CREATE TABLE staged (LIKE outbox, PRIMARY KEY (event_id))")
    rig.add_events(connection, count, table="staged")
    connection.execute("VACUUM (ANALYZE) staged")
    return [event for (event,) in connection.execute("SELECT event_id FROM staged ORDER BY occurred_at").fetchall()]


async def _commit_evenly(rig: RelayRig, events: Sequence[str]) -> Mapping[str, float]:
    """Commit each in a transaction of its own that the relay is told of, as several tills would; return when it was.

    Raises:
        PartFailed: the machine was too busy to keep the pace.
    """
    committed: dict[str, float] = {}
    async with RedisAlarm(rig.redis.url, channel=RELAY_CHANNEL) as alarm:
        begin = time.monotonic()

        async def till(number: int) -> None:
            async with await psycopg.AsyncConnection.connect(rig.postgres.url, autocommit=True) as connection:
                for n in range(number, len(events), TILLS):
                    await asyncio.sleep(max(0.0, begin + n / EVENTS_A_SECOND - time.monotonic()))
                    await connection.execute(_COMMIT, (events[n],))
                    committed[events[n]] = time.monotonic()
                    alarm.ring()

        await asyncio.gather(*map(till, range(TILLS)))
    pace = len(events) / (time.monotonic() - begin)
    if pace < SLOWEST * EVENTS_A_SECOND:
        raise PartFailed(f"only {pace:.0f} events a second could be committed")
    return committed


async def _apart(job: "partial[list[tuple[str, float]]]") -> list[tuple[str, float]]:
    """Do a job in a process where nothing else is done."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as apart:
        return await asyncio.get_running_loop().run_in_executor(apart, job)
