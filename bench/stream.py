"""How soon a committed change is on every screen, and what it costs: 1 000 of them at one `sale serve`, 5 % stalled.

Three processes share the machine: this one commits (as another replica would), one serves, one watches.
"""

import asyncio
import json
import resource
import statistics
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import attrs

from asked import Asked, PartFailed
from cpu import cpu_seconds, family_seconds
from memory import resident_mb
from replicas import Replicas
from report import Figure
from rig import open_rig
from sale_adapters.postgres import Database, PostgresOrders
from sale_adapters.redis.alarm import FEED_CHANNEL, RedisAlarm
from sale_adapters.system import UlidIds
from sale_adapters.wire.places import BASE, STREAM
from sale_domain.ids import MerchantId, OrderId, SaleChannelId, merchant_bucket
from sale_domain.money import Currency
from sale_domain.orders import Order
from sale_domain.ports.orders import Decision
from screens import Place, Seen, reading, stalled

MERCHANT = MerchantId("merchant-watched")
"""Nobody else changes anything of his, so that changes are numbered from 1."""

CHANGES_A_SECOND, SECONDS, STALLED = 10, 20, 0.05
BEFORE = 2_000
"""So many changes are committed first, for the stalled alone, who fall behind by them; kernels may hold that much."""

GOAL_MS = 200
"""So soon 99 of 100 frames are to be there, on a machine that has nothing else to do: told, and no reason to fail."""

MOST_MB, MOST_KB_A_SCREEN = 16, 48
"""By so much `serve` may have grown at the end: for what is kept once, and for each screen (40 KB when measured).

A queue of its own for each of the stalled would not fit.
"""


@attrs.frozen(kw_only=True)
class Usage:
    """What the processes have used so far: seconds of CPU, and MB of `serve`."""

    serve: float
    postgres: float
    committer: float
    memory: float

    @classmethod
    def now(cls, serve: int, postgres: int) -> "Usage":
        """Read it from /proc."""
        return cls(
            serve=cpu_seconds(serve),
            postgres=family_seconds(postgres),
            committer=time.process_time(),
            memory=resident_mb(serve),
        )


@attrs.frozen(kw_only=True)
class Watched:
    """What the screens saw, and what it took.

    Attributes:
        late_ms: How long after its commit each frame was there.
        sockets: How many `serve` had when measuring began.
        empty: What had been used before any screen came.
        start: When all were there.
        end: At the end.
    """

    screens: int
    stalled: int
    sockets: int
    late_ms: Sequence[float]
    seen: Seen
    empty: Usage
    start: Usage
    end: Usage

    def percentile(self, hundredth: int) -> float:
        """Return within how many milliseconds so many of a hundred frames were there."""
        return statistics.quantiles(self.late_ms, n=100, method="inclusive")[hundredth - 1]

    def figures(self) -> Iterator[Figure]:
        """Yield what is told of it."""
        yield _figure("frames", "frames", len(self.late_ms))
        yield _figure("from commit to frame, p50", "ms", self.percentile(50))
        yield _figure("from commit to frame, p99", "ms", self.percentile(99), goal=GOAL_MS)
        yield _figure("from commit to frame, the last", "ms", max(self.late_ms))
        frame = 1e6 / len(self.late_ms)
        yield _figure("CPU of serve", "µs a frame", frame * (self.end.serve - self.start.serve))
        yield _figure("CPU of PostgreSQL", "µs a frame", frame * (self.end.postgres - self.start.postgres))
        yield _figure("CPU of the screens", "µs a frame", frame * self.seen.cpu_seconds)
        yield _figure("CPU of who commits", "µs a frame", frame * (self.end.committer - self.start.committer))
        yield _figure("memory of serve without screens", "MB", self.empty.memory)
        yield _figure("memory of serve at the end", "MB", self.end.memory, must=self._most_mb())

    def broken(self) -> Iterator[str]:
        """Yield the promises that did not hold; how soon frames come is none on a machine that is busy."""
        if self.sockets < self.screens:
            yield f"{self.sockets} sockets were there when measuring began, not all {self.screens}"
        reading = self.screens - self.stalled
        if self.seen.complete != reading:
            yield f"{reading - self.seen.complete} of {reading} screens missed a change, or saw one twice"
        if self.end.memory > self._most_mb():
            yield f"serve has grown to more than {self._most_mb()} MB for {self.screens} screens"

    def _most_mb(self) -> float:
        return round(self.empty.memory + MOST_MB + self.screens * MOST_KB_A_SCREEN / 1024)


def _figure(name: str, unit: str, value: float, *, goal: float | None = None, must: float | None = None) -> Figure:
    return Figure(name=f"live stream, {name}", unit=unit, values=[value], goal=goal, must=must, less_is_better=True)


async def live_stream(asked: Asked) -> AsyncGenerator[Figure]:
    """Measure; fail when a screen missed something, or when memory is not bounded."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    async with open_rig(replicas=1) as rig:
        watched = await _watched(rig.replicas, rig.postgres.process.pid, asked.screens)
    for figure in watched.figures():
        yield figure
    if broken := list(watched.broken()):
        raise PartFailed("; ".join(broken))


async def _watched(world: Replicas, postgres: int, screens: int) -> Watched:
    serve = world.replicas[0].process.pid
    place, some = await _place(world), int(STALLED * screens)
    async with Database(world.database_url) as database, RedisAlarm(world.redis.url, channel=FEED_CHANNEL) as alarm:
        committer = _Committer(orders=PostgresOrders(database), alarm=alarm)
        empty = Usage.now(serve, postgres)
        left = await asyncio.to_thread(stalled, place, some)
        await committer.commit(BEFORE, pause_seconds=0)
        others = await asyncio.to_thread(reading, place, screens - some)
        start, sockets = Usage.now(serve, postgres), await _sockets(world)
        committed = await committer.commit(CHANGES_A_SECOND * SECONDS, pause_seconds=1 / CHANGES_A_SECOND)
        seen = await asyncio.to_thread(others.seen, until=max(committed), timeout_seconds=60)
        end = Usage.now(serve, postgres)
        for each in left:
            each.close()
    late_ms = [1000 * (at - committed[seq]) for seq, at in seen.arrivals if seq in committed]
    return Watched(
        screens=screens,
        stalled=some,
        sockets=sockets,
        late_ms=late_ms,
        seen=seen,
        empty=empty,
        start=start,
        end=end,
    )


async def _sockets(world: Replicas) -> int:
    """Ask serve how many screens it has: those who stall are let go after a while."""
    told = (await world.client.get(f"http://{world.replicas[0].address}{BASE}/metrics")).text
    return int(float(told.partition("\nsale_stream_clients ")[2].split()[0]))


@attrs.define(kw_only=True)
class _Committer:
    orders: PostgresOrders
    alarm: RedisAlarm
    number: int = 0

    async def commit(self, count: int, *, pause_seconds: float) -> Mapping[int, float]:
        """Commit so many changes; return when each of them was."""
        ids, committed = UlidIds(), {}
        for _ in range(count):
            pause = asyncio.create_task(asyncio.sleep(pause_seconds))
            await self.orders.create(Decision(change=_draft(ids).created()), once=None)
            self.number += 1
            committed[self.number] = time.monotonic()
            self.alarm.ring()
            await pause
        return committed


def _draft(ids: UlidIds) -> Order:
    order_id, now = OrderId(ids.new(merchant_bucket(MERCHANT))), datetime.now(UTC)
    return Order(
        id=order_id,
        number=order_id,
        merchant_id=MERCHANT,
        sale_channel_id=SaleChannelId("channel-vnd"),
        currency=Currency("VND"),
        created_at=now,
        created_by="bench",
        updated_at=now,
    )


async def _place(world: Replicas) -> Place:
    host, _, port = world.replicas[0].address.partition(":")
    who = {"type": "Bearer", "token": await world.token(merchants=[MERCHANT], expiresIn=3_600), "merchantId": MERCHANT}
    said = ("authenticate", who), ("subscribe", {"topics": ["observation/sale/sale-order"]})
    messages = tuple(json.dumps({"event": event, "data": data}) for event, data in said)
    return Place(host=host, port=int(port), path=STREAM, messages=messages)
