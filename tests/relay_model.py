"""Models of PostgreSQL and Kafka in which everything that can go wrong does, driven by one seed.

The relay is the product's own code. Its ports are models that give way to the scheduler at every await, where any
process may be killed, paused for longer than its lease, or overtaken. `without` removes one guard from the models
(never from the product), so that a test can show that the guard is needed.
"""

from collections.abc import Collection, Mapping, Sequence

import attrs

from relay_guards import Guard
from relay_surroundings import GiveWay, Surroundings
from relay_world import PAYMENTS
from sale_adapters.memory.event_log import Fate, MemoryEventLog, MemoryLogSession
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_domain.ids import EventId
from sale_domain.ports.publishing import (
    USUAL_PREFIX,
    Layout,
    Lease,
    LogRecord,
    OutboxRow,
    Partition,
    PublishedAt,
    Reading,
    Recorded,
    Shard,
)
from sale_domain.ports.publishing_errors import BatchRefused, EventLogUnavailable, OutcomeUnknown

TRANSACTION_SECONDS = 10.0
_NOWHERE = PublishedAt(topic=PAYMENTS, partition=0, offset=0)


class ModelOutbox(MemoryOutbox):
    """An outbox whose connection breaks, before or after what was asked has happened."""

    def __init__(self, world: Surroundings) -> None:
        super().__init__(seconds=lambda: world.now)
        self._world = world

    async def newest_layout(self) -> Layout | None:
        await self._world.database()
        return await super().newest_layout()

    async def add_layout(self, *, number: int, shards: int, prefix: str = USUAL_PREFIX) -> Layout:
        await self._world.database()
        made = await super().add_layout(number=number, shards=shards, prefix=prefix)
        await self._world.database()
        return made

    async def retire(self, shard: Shard) -> None:
        await self._world.database()
        if self._world.without is not Guard.OLDER_LAYOUT_RETIRED:
            await super().retire(shard)
        await self._world.database()

    async def make_ready(self, layout: Layout) -> None:
        await self._world.database()
        await super().make_ready(layout)
        await self._world.database()

    async def take(self, shard: Shard, *, owner: str, lease_seconds: float) -> Lease | None:
        await self._world.database()
        lease = await super().take(shard, owner=owner, lease_seconds=lease_seconds)
        await self._world.database()
        return lease

    async def unpublished(
        self, lease: Lease, *, limit: int, excluding: Collection[EventId] = ()
    ) -> tuple[OutboxRow, ...]:
        await self._world.database()
        if self._world.without is Guard.MARKING_IS_NOT_WAITING:
            excluding = ()
        rows = await super().unpublished(self._unless_removed(lease), limit=limit, excluding=excluding)
        if self._world.without is Guard.POISON_HOLDS_ITS_ORDER and self.aside:
            rows = self._without_holding_back(lease, limit=limit, excluding=excluding)
        await self._world.database()
        return rows

    async def recorded(self, lease: Lease) -> Recorded:
        await self._world.database()
        recorded = await super().recorded(self._unless_removed(lease))
        if self._world.without is Guard.CLUSTER_ID:
            return attrs.evolve(recorded, cluster_id=None)
        if self._world.without is Guard.POSITIONS_KEPT:
            return attrs.evolve(recorded, offsets={})
        return recorded

    async def set_aside(self, lease: Lease, *, event_id: EventId, reason: str) -> bool:
        await self._world.database()
        if self._world.without is Guard.POISON_SET_ASIDE:
            return False
        done = await super().set_aside(self._unless_removed(lease), event_id=event_id, reason=reason)
        await self._world.database()
        return done

    async def settle(
        self, lease: Lease, *, cluster_id: str, records: Sequence[LogRecord], positions: Mapping[Partition, int]
    ) -> frozenset[EventId]:
        await self._world.database()
        lease = self._unless_removed(lease)
        if self._world.without is Guard.MARK_AND_POSITION_TOGETHER:
            await super().settle(lease, cluster_id=cluster_id, records=(), positions=positions)
            await self._world.database()
        marked = await super().settle(lease, cluster_id=cluster_id, records=records, positions=positions)
        await self._world.database()
        return marked

    def _without_holding_back(
        self, lease: Lease, *, limit: int, excluding: Collection[EventId]
    ) -> tuple[OutboxRow, ...]:
        left = [row for row in self.rows.values() if row.event_id not in {*self.published, *self.aside, *excluding}]
        mine = [row for row in left if lease.shard.owns(row.event_id)]
        return tuple(sorted(mine, key=lambda row: (row.occurred_at, row.order_id, row.seq))[:limit])

    def _unless_removed(self, lease: Lease) -> Lease:
        if self._world.without is Guard.DATABASE_FENCE:
            return attrs.evolve(lease, fence=self._shards[lease.shard].fence)
        return lease


@attrs.define(kw_only=True)
class Ending:
    """An EndTxn on its way: of which producer, with what fate, and when it arrives."""

    shard: Shard
    epoch: int
    fate: Fate
    at: float


class ModelLog(MemoryEventLog):
    """A Kafka whose network and whose client lie."""

    def __init__(self, world: Surroundings) -> None:
        super().__init__({PAYMENTS: 2})
        self._world = world
        self._late: list[Ending] = []
        self._preparing: list[Ending] = []
        self._began: dict[Shard, float] = {}

    async def open(self, shard: Shard) -> "ModelSession":
        world = self._world
        await world.chance_to_fail(EventLogUnavailable(reason="no broker"))
        ends_before = {partition: len(content.places) for partition, content in self.partitions.items()}
        if world.chance.random() < 0.7:  # init_transactions may take its time
            await world.sleep(world.chance.random() * 8)
        await world.chance_to_fail(EventLogUnavailable(reason="no broker"))
        while any(ending.shard == shard for ending in self._preparing):
            await world.sleep(0.05)
        if world.without is not Guard.NEW_PRODUCER_SHUTS_OUT_OLDER or shard not in self._epochs:
            self._epochs[shard] += 1
            self.end(shard, Fate.ABORTED)
        session = ModelSession(log=self, shard=shard, epoch=self._epochs[shard], world=world, model=self)
        session.ends_before = ends_before
        await world.chance_to_fail(EventLogUnavailable(reason="no broker"))
        return session

    def write(self, shard: Shard, row: OutboxRow) -> PublishedAt:
        self._began.setdefault(shard, self._world.now)
        return super().write(shard, row)

    def end(self, shard: Shard, fate: Fate) -> None:
        self._began.pop(shard, None)
        super().end(shard, fate)

    def shards(self) -> tuple[Shard, ...]:
        """Return every shard that has a transaction under way."""
        return tuple(self._open)

    def is_open(self, shard: Shard) -> bool:
        return shard in self._open

    def send_late(self, shard: Shard, *, epoch: int, fate: Fate) -> None:
        """Let an EndTxn linger in the network: it ends whatever transaction this producer has when it arrives."""
        at = self._world.now + self._world.chance.random() * 6
        self._late.append(Ending(shard=shard, epoch=epoch, fate=fate, at=at))

    def prepare(self, shard: Shard, *, epoch: int) -> None:
        """Decide to commit, and write the markers later."""
        at = self._world.now + self._world.chance.random() * 3
        self._preparing.append(Ending(shard=shard, epoch=epoch, fate=Fate.COMMITTED, at=at))

    def is_preparing(self, shard: Shard) -> bool:
        return any(ending.shard == shard for ending in self._preparing)

    def tick(self) -> None:
        """Let arrive what is due, and abort what has been open for too long."""
        now = self._world.now
        for ending in [one for one in self._preparing if one.at <= now]:
            self._preparing.remove(ending)
            self.end(ending.shard, ending.fate)
        for ending in [one for one in self._late if one.at <= now]:
            self._late.remove(ending)
            if self.is_current(ending.shard, epoch=ending.epoch) and not self.is_preparing(ending.shard):
                self.end(ending.shard, ending.fate)
        for shard in [one for one, began in self._began.items() if now - began > TRANSACTION_SECONDS]:
            if not self.is_preparing(shard):
                self._epochs[shard] += 1
                self.end(shard, Fate.ABORTED)


@attrs.define(kw_only=True)
class ModelSession(MemoryLogSession):
    """A producer and reader that may fail, lie, or be late."""

    world: Surroundings
    model: ModelLog
    told: dict[EventId, PublishedAt] = attrs.field(factory=dict)
    begun: bool = False
    shaky: bool = False
    ends_before: dict[Partition, int] = attrs.field(factory=dict)

    async def high_watermarks(self, topics: Sequence[str]) -> dict[Partition, int]:
        await self.world.chance_to_fail(EventLogUnavailable(reason="timed out"))
        ends = await super().high_watermarks(topics)
        if self.world.without is Guard.HIGH_WATERMARK:
            ends = {partition: self.log.partitions[partition].last_stable() for partition in ends}
        await self.world.chance_to_fail(EventLogUnavailable(reason="timed out"))
        if self.world.without is Guard.WATERMARK_AFTER_INIT:
            ends, self.ends_before = self.ends_before or ends, {}
        return ends

    async def read(self, *, start: Mapping[Partition, int], until: Mapping[Partition, int]) -> Reading:
        await self.world.chance_to_fail(EventLogUnavailable(reason="timed out"))
        if self.world.without is Guard.READ_BACK and self.told:
            records = tuple(LogRecord(event_id=event_id, at=at) for event_id, at in self.told.items())
            self.told = {}
            return Reading(records=records, positions={**start, **until})
        reading = await super().read(start=start, until=until)
        if self.world.fails():
            return _cut_off(reading, {part: (start[part] + end) // 2 for part, end in reading.positions.items()})
        if self.world.chance.random() < 0.5:  # a reader may stop where it was asked to, or go on
            return _cut_off(reading, {part: max(start[part], until.get(part, start[part])) for part in start})
        return reading

    async def publish(self, rows: Sequence[OutboxRow]) -> tuple[PublishedAt, ...]:
        self.begun = False
        await self._be_stopped()
        dropped = len(rows) - 1 if self.world.fails() else len(rows)
        sent = [await self._send(row, dropped=number == dropped) for number, row in enumerate(rows)]
        if None in sent and self.world.without is not Guard.EVERY_FUTURE_AWAITED:
            if (
                self.shaky or self.world.chance.random() < 0.6
            ):  # the client may go on trying, and the transaction stays open
                await self.world.sleep(self.world.chance.random() * 8)
            raise OutcomeUnknown(reason="not acknowledged")
        await self._be_stopped()
        await self.world.chance_to_fail(OutcomeUnknown(reason="disconnected before the commit"))
        await self._commit()
        addresses = tuple(at or _NOWHERE for at in sent)
        self.told = dict(zip((row.event_id for row in rows), addresses, strict=True))
        return addresses

    async def _send(self, row: OutboxRow, *, dropped: bool) -> PublishedAt | None:
        """Write a record, those behind it too if this one is not acknowledged; None without an acknowledgement."""
        if len(row.payload) > self.log.max_bytes:
            raise BatchRefused(reason="too large")
        await GiveWay()
        self._check_epoch()
        if self.model.is_preparing(self.shard) or (self.begun and not self.model.is_open(self.shard)):
            raise OutcomeUnknown(reason="there is no such transaction any more")
        if dropped:
            return _NOWHERE
        # A network that was slow to bring one acknowledgement is likely to lose the next.
        acknowledged = not self.world.fails(weight=10 if self.shaky else 1)
        if not acknowledged and self.world.chance.random() < 0.5:
            return None
        self.begun = True
        at = self.model.write(self.shard, row)
        return at if acknowledged else None

    async def _be_stopped(self) -> None:
        """Stand still where it hurts most, between asking for rows and committing them, and be woken again."""
        if self.world.trouble and self.world.chance.random() < 0.07:
            await self.world.sleep(1 + self.world.chance.random() * 8)

    async def _commit(self) -> None:
        self._check_epoch()
        if not self.world.fails(weight=6):
            self.log.end(self.shard, Fate.COMMITTED)
            return
        match self.world.chance.choice(["lost", "aborted", "late", "late abort", "preparing", "slow", "retried"]):
            case "lost":
                self.log.end(self.shard, Fate.COMMITTED)
                raise OutcomeUnknown(reason="the acknowledgement was lost")
            case "aborted":
                self.log.end(self.shard, Fate.ABORTED)
            case "late":
                self.model.send_late(self.shard, epoch=self.epoch, fate=Fate.COMMITTED)
                raise OutcomeUnknown(reason="timed out")
            case "late abort":
                self.log.end(self.shard, Fate.COMMITTED)
                self.model.send_late(self.shard, epoch=self.epoch, fate=Fate.ABORTED)
            case "preparing":
                self.model.prepare(self.shard, epoch=self.epoch)
            case how:
                await self.world.sleep(3)
                self._check_epoch()
                self.log.end(self.shard, Fate.COMMITTED)
                self.shaky = True
                if how == "retried":  # the first try is still under way
                    self.model.send_late(self.shard, epoch=self.epoch, fate=Fate.COMMITTED)


def _cut_off(reading: Reading, ends: Mapping[Partition, int]) -> Reading:
    """Return what a reader has that stopped there, or before."""
    positions = {part: min(end, ends[part]) for part, end in reading.positions.items()}
    kept = tuple(
        record
        for record in reading.records
        if record.at.offset < positions[Partition(topic=record.at.topic, number=record.at.partition)]
    )
    return Reading(records=kept, positions=positions)
