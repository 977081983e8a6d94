"""What tests of the relay share: rows to publish, a clock that they own, and a memory of what the relay said."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import attrs

from sale_adapters.memory.event_log import Fate, MemoryEventLog, MemoryLogSession
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_app.relay_pace import both
from sale_domain.ids import EventId, OrderId, new_id
from sale_domain.ports.publishing import Lease, LogRecord, OutboxRow, Partition, PublishedAt, Shard
from sale_domain.ports.publishing_errors import OutcomeUnknown
from sale_domain.publishing import RelayPolicy, ShardRelay

T = TypeVar("T")
PAYMENTS = "payment.success"
KITCHEN = "kitchen-ticket-item.status-changed"
ONLY_SHARD = Shard(layout=1, index=0, shards=1)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def event(number: int, *, order: str = "order-1", seq: int = 0, topic: str = PAYMENTS, bucket: int = 7) -> OutboxRow:
    """Return the row of the day's n-th event, by default the n-th of its order."""
    return OutboxRow(
        event_id=EventId(new_id(milliseconds=number, randomness=number, bucket=bucket)),
        order_id=OrderId(order),
        seq=seq or number,
        topic=topic,
        payload=f'{{"paid":65000,"n":{number}}}'.encode(),
        occurred_at=NOON + timedelta(seconds=number),
    )


class OwnPace:
    """Time that passes only when somebody waits; `when_idle` is called at every wait for work."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.when_idle: Callable[[], object] = lambda: None
        self.when_asleep: Callable[[], object] = lambda: None

    def seconds(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.when_asleep()
        await asyncio.sleep(0)

    async def await_work(self, seconds: float) -> None:
        self.now += seconds
        self.when_idle()
        await asyncio.sleep(0)

    async def both(self, first: Coroutine[Any, Any, object], second: Coroutine[Any, Any, T]) -> T:
        return await both(first, second)


class Notebook:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.fences: list[int] = []
        self.told: list[LogRecord] = []
        self.batches: list[tuple[EventId, ...]] = []
        self.took: list[float] = []
        self.waits: list[Partition] = []
        self.doubts: list[str] = []
        self.aside: dict[EventId, str] = {}

    def started(self, lease: Lease, *, cluster_id: str) -> None:
        assert cluster_id
        self.fences.append(lease.fence)

    def published(self, lease: Lease, records: Sequence[LogRecord]) -> None:
        assert lease.fence
        assert records
        self.told += records

    def delivered(self, lease: Lease, rows: Sequence[OutboxRow], *, seconds: float) -> None:
        assert lease.fence
        self.batches.append(tuple(row.event_id for row in rows))
        self.took.append(seconds)

    def waiting(self, lease: Lease, partition: Partition, *, position: int, watermark: int) -> None:
        assert lease.fence
        assert position < watermark
        self.waits.append(partition)

    def doubted(self, shard: Shard, doubt: Exception, *, wait_seconds: float) -> None:
        assert shard
        assert wait_seconds > 0
        self.doubts.append(str(doubt))

    def set_aside(self, lease: Lease, row: OutboxRow, *, reason: str) -> None:
        assert lease.fence
        self.aside[row.event_id] = reason


class LyingEventLog(MemoryEventLog):
    """A log whose next transactions go wrong in the ways that `lies` says, one each."""

    def __init__(self, topics: dict[str, int], *, pace: OwnPace) -> None:
        super().__init__(topics)
        self.pace = pace
        self.lies: list[str] = []
        self.most_rows = 1_000
        self.sent: list[int] = []
        self.opened: Counter[Shard] = Counter()

    async def open(self, shard: Shard) -> MemoryLogSession:
        self.opened[shard] += 1
        session = await super().open(shard)
        return LyingSession(log=session.log, shard=shard, epoch=session.epoch, liar=self)


@attrs.define(kw_only=True)
class LyingSession(MemoryLogSession):
    """A session that obeys the log's next lie."""

    liar: LyingEventLog

    async def publish(self, rows: Sequence[OutboxRow]) -> tuple[PublishedAt, ...]:
        lie = self.liar.lies.pop(0) if self.liar.lies else "none"
        self.liar.sent.append(len(rows))
        if len(rows) > self.liar.most_rows:
            raise OutcomeUnknown(reason="not delivered in time")
        if lie == "lost acknowledgement":
            await super().publish(rows)
            raise OutcomeUnknown(reason=lie)
        if lie == "died before the commit":
            for row in rows:
                self.log.write(self.shard, row)
            raise OutcomeUnknown(reason=lie)
        if lie == "success for an aborted transaction":
            addresses = tuple(self.log.write(self.shard, row) for row in rows)
            self.log.end(self.shard, Fate.ABORTED)
            return addresses
        if lie == "a record missing":
            await super().publish(rows[:-1])
            return tuple(PublishedAt(topic=row.topic, partition=0, offset=0) for row in rows)
        if lie == "slow":
            self.liar.pace.now += 30
        return await super().publish(rows)


@attrs.define(kw_only=True)
class World:
    """One relay over an outbox and a log in memory."""

    pace: OwnPace
    outbox: MemoryOutbox
    log: LyingEventLog
    notebook: Notebook
    policy: RelayPolicy

    def relay(self, owner: str = "relay-1", shard: Shard = ONLY_SHARD) -> ShardRelay:
        """Return a relay that stops when its outbox is empty."""
        relay = ShardRelay(
            shard=shard,
            owner=owner,
            outbox=self.outbox,
            log=self.log,
            pace=self.pace,
            observer=self.notebook,
            policy=self.policy,
        )
        self.pace.when_idle = relay.stop
        return relay

    def in_log(self, topic: str = PAYMENTS) -> list[EventId]:
        """Return the ids that a `read_committed` consumer of the topic gets."""
        return [row.event_id for _, row in self.log.committed(topic)]

    def addresses(self) -> dict[EventId, PublishedAt]:
        """Return where every committed record really is."""
        return {row.event_id: at for topic in (PAYMENTS, KITCHEN) for at, row in self.log.committed(topic)}


async def make_world(*rows: OutboxRow, partitions: int = 1, batch_size: int = 100) -> World:
    """Return a world of one shard with these rows unpublished."""
    pace = OwnPace()
    world = World(
        pace=pace,
        outbox=MemoryOutbox(seconds=pace.seconds),
        log=LyingEventLog({PAYMENTS: partitions, KITCHEN: partitions}, pace=pace),
        notebook=Notebook(),
        policy=RelayPolicy(topics=(PAYMENTS, KITCHEN), batch_size=batch_size),
    )
    await world.outbox.make_ready(await world.outbox.add_layout(number=1, shards=1))
    for row in rows:
        world.outbox.append(row)
    return world
