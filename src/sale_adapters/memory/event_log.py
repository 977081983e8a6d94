"""The event log in memory: transactions, fencing, high watermark and last stable offset as Kafka has them."""

import zlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import Enum

import attrs

from sale_domain.ports.publishing import LogRecord, OutboxRow, Partition, PublishedAt, Reading, Shard
from sale_domain.ports.publishing_errors import BatchRefused, EventLogUnavailable, OutcomeUnknown, OutOfRange


class Fate(Enum):
    """What became of a record."""

    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


@attrs.define(kw_only=True)
class MemoryRecord:
    """One place in a partition: a row, or the marker that ends a transaction (`row` is None)."""

    row: OutboxRow | None
    fate: Fate


@attrs.define(kw_only=True)
class MemoryPartition:
    """A partition's places; those before `first` have been deleted by retention."""

    places: list[MemoryRecord] = attrs.field(factory=list)
    first: int = 0

    def last_stable(self) -> int:
        """Return the offset up to which `read_committed` readers see: the first place that is still undecided."""
        undecided = (offset for offset, place in enumerate(self.places) if place.fate is Fate.OPEN)
        return next(undecided, len(self.places))


@attrs.define(kw_only=True)
class MemoryTransaction:
    """The places that one transaction has written so far."""

    places: list[tuple[Partition, int]] = attrs.field(factory=list)


class MemoryEventLog:
    """The `EventLog` port in memory: transactions, fencing, high watermark and last stable offset as on Kafka.

    Attributes:
        cluster_id: Change it to play a rebuilt cluster.
        max_bytes: A longer payload is refused.
    """

    def __init__(
        self, topics: Mapping[str, int], *, cluster_id: str = "memory-cluster", max_bytes: int = 1_000_000
    ) -> None:
        self.cluster_id = cluster_id
        self.max_bytes = max_bytes
        self.partitions = {
            Partition(topic=topic, number=number): MemoryPartition()
            for topic, count in topics.items()
            for number in range(count)
        }
        self._epochs: defaultdict[Shard, int] = defaultdict(int)
        self._open: dict[Shard, MemoryTransaction] = {}

    async def open(self, shard: Shard) -> "MemoryLogSession":
        """See `EventLog`."""
        self._epochs[shard] += 1
        self.end(shard, Fate.ABORTED)
        return MemoryLogSession(log=self, shard=shard, epoch=self._epochs[shard])

    def committed(self, topic: str) -> tuple[tuple[PublishedAt, OutboxRow], ...]:
        """Return what a `read_committed` consumer of the topic sees, by partition and offset."""
        return tuple(
            (PublishedAt(topic=topic, partition=partition.number, offset=offset), place.row)
            for partition, content in self.partitions.items()
            for offset, place in enumerate(content.places[: content.last_stable()])
            if partition.topic == topic
            if place.row is not None and place.fate is Fate.COMMITTED and offset >= content.first
        )

    def trim(self, partition: Partition, *, first: int) -> None:
        """Delete everything before an offset, as retention does."""
        self.partitions[partition].first = first

    def is_current(self, shard: Shard, *, epoch: int) -> bool:
        """Tell whether no newer producer of the shard was opened."""
        return self._epochs[shard] == epoch

    def write(self, shard: Shard, row: OutboxRow) -> PublishedAt:
        """Append a row to the shard's transaction, which begins with its first row."""
        counts = sum(partition.topic == row.topic for partition in self.partitions)
        partition = Partition(topic=row.topic, number=zlib.crc32(row.key) % counts)
        places = self.partitions[partition].places
        places.append(MemoryRecord(row=row, fate=Fate.OPEN))
        offset = len(places) - 1
        self._open.setdefault(shard, MemoryTransaction()).places.append((partition, offset))
        return PublishedAt(topic=row.topic, partition=partition.number, offset=offset)

    def end(self, shard: Shard, fate: Fate) -> None:
        """Commit or abort the shard's transaction, if it has one, and write its markers."""
        transaction = self._open.pop(shard, MemoryTransaction())
        for partition, offset in transaction.places:
            self.partitions[partition].places[offset].fate = fate
        for partition in {partition for partition, _ in transaction.places}:
            self.partitions[partition].places.append(MemoryRecord(row=None, fate=fate))


@attrs.define(kw_only=True)
class MemoryLogSession:
    """One producer and reader; see `LogSession`."""

    log: MemoryEventLog
    shard: Shard
    epoch: int

    @property
    def cluster_id(self) -> str:
        """See `LogSession`."""
        return self.log.cluster_id

    async def high_watermarks(self, topics: Sequence[str]) -> dict[Partition, int]:
        """See `LogSession`."""
        missing = set(topics) - {partition.topic for partition in self.log.partitions}
        if missing:
            raise EventLogUnavailable(reason=f"there is no topic {', '.join(sorted(missing))}")
        return {
            partition: len(content.places)
            for partition, content in self.log.partitions.items()
            if partition.topic in topics
        }

    async def beginnings(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """See `LogSession`."""
        return {partition: self.log.partitions[partition].first for partition in partitions}

    async def read(self, *, start: Mapping[Partition, int], until: Mapping[Partition, int]) -> Reading:
        """See `LogSession`."""
        records: list[LogRecord] = []
        positions = dict(start)
        for partition in until:
            content = self.log.partitions[partition]
            if not content.first <= start[partition] <= len(content.places):
                raise OutOfRange(partition=partition, offset=start[partition])
            positions[partition] = max(start[partition], content.last_stable())
            for offset in range(start[partition], positions[partition]):
                place = content.places[offset]
                if place.row is not None and place.fate is Fate.COMMITTED:
                    at = PublishedAt(topic=partition.topic, partition=partition.number, offset=offset)
                    records.append(LogRecord(event_id=place.row.event_id, at=at, order_id=place.row.order_id))
        return Reading(records=tuple(records), positions=positions)

    async def publish(self, rows: Sequence[OutboxRow]) -> tuple[PublishedAt, ...]:
        """See `LogSession`."""
        addresses: list[PublishedAt] = []
        for row in rows:
            self._check_epoch()
            if len(row.payload) > self.log.max_bytes:
                raise BatchRefused(reason=f"{len(row.payload)} bytes are more than {self.log.max_bytes}")
            addresses.append(self.log.write(self.shard, row))
        self._check_epoch()
        self.log.end(self.shard, Fate.COMMITTED)
        return tuple(addresses)

    async def close(self) -> None:
        """See `LogSession`."""

    def _check_epoch(self) -> None:
        if not self.log.is_current(self.shard, epoch=self.epoch):
            raise OutcomeUnknown(reason="A newer producer has fenced this one.")
