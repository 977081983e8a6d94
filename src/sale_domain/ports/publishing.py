"""What the relay works on: an outbox to empty, and a log to fill."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import attrs

from sale_domain.ids import BUCKETS, EventId, OrderId, bucket_of

USUAL_PREFIX: Final = "sale-relay"
"""Begins the producers' names unless a layout says otherwise."""


@attrs.frozen(kw_only=True, order=True)
class Partition:
    """One partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        """Return the name that Kafka's own tools use, as in `payment.success-3`."""
        return f"{self.topic}-{self.number}"


@attrs.frozen(kw_only=True)
class PublishedAt:
    """The address of a record in the log: the proof that it is there."""

    topic: str
    partition: int
    offset: int


@attrs.frozen(kw_only=True)
class LogRecord:
    """A committed record, as far as the relay cares: whose it is and where it lies.

    Attributes:
        order_id: What its key says, for people to read.
    """

    event_id: EventId
    at: PublishedAt
    order_id: OrderId | None = None


@attrs.frozen(kw_only=True)
class Reading:
    """What one read brought: the committed records, and for every partition the offset of the next record."""

    records: tuple[LogRecord, ...]
    positions: Mapping[Partition, int]


@attrs.frozen(kw_only=True)
class OutboxRow:
    """One event that a committed transaction left for Kafka.

    Attributes:
        seq: The event's number within its order: 1, 2, …
        payload: The exact JSON that is sent.
        occurred_at: Aware UTC; never goes back within an order.
        traceparent: W3C trace context of the request that caused the event.
    """

    event_id: EventId
    order_id: OrderId
    seq: int
    topic: str
    payload: bytes
    occurred_at: datetime
    traceparent: str | None = None

    @property
    def key(self) -> bytes:
        """Return the record's key: the order's id (contract §7), which keeps an order's events in one partition."""
        return self.order_id.encode()


@attrs.frozen(kw_only=True, order=True)
class Shard:
    """A range of buckets that one relay empties at a time; one of `shards` equal parts in a numbered layout."""

    layout: int
    index: int
    shards: int
    prefix: str = USUAL_PREFIX

    @property
    def producer(self) -> str:
        """Return the name that its producers share, so that a new one shuts the older out.

        >>> Shard(layout=2, index=0, shards=4).producer
        'sale-relay-2-0'
        """
        return f"{self.prefix}-{self.layout}-{self.index}"

    @property
    def buckets(self) -> range:
        """Return the buckets of this shard.

        >>> Shard(layout=1, index=1, shards=4).buckets
        range(256, 512)
        """
        return range(self.index * BUCKETS // self.shards, (self.index + 1) * BUCKETS // self.shards)

    def owns(self, event_id: str) -> bool:
        """Tell whether the event lies in this shard's buckets; a foreign id lies in nobody's."""
        try:
            return bucket_of(event_id) in self.buckets
        except ValueError:
            return False


@attrs.frozen(kw_only=True)
class Layout:
    """A numbered way to cut the buckets into shards, and to name their producers.

    Attributes:
        ready: Whether no older layout's relay can write any more.
    """

    number: int
    shards: int
    ready: bool
    prefix: str = USUAL_PREFIX

    def parts(self) -> tuple[Shard, ...]:
        """Return the layout's shards; together they own every bucket exactly once."""
        return tuple(
            Shard(layout=self.number, index=index, shards=self.shards, prefix=self.prefix)
            for index in range(self.shards)
        )


@attrs.frozen(kw_only=True)
class Lease:
    """The right to work on a shard. A higher fence ends it, whatever its holder still believes."""

    shard: Shard
    owner: str
    fence: int


@attrs.frozen(kw_only=True)
class Recorded:
    """How far the log was compared with the outbox: `cluster_id` is None when it never was.

    To a partition that is missing here the shard has sent nothing: it records a position before its first send.
    """

    cluster_id: str | None
    offsets: Mapping[Partition, int]


class Outbox(Protocol):
    """The relay's side of the outbox. Every method may raise `StoreUnavailable`.

    Methods that are given a lease raise `Fenced` when its fence is no longer the shard's, and then changed nothing.
    """

    async def newest_layout(self) -> Layout | None:
        """Return the layout with the highest number, if there is one."""

    async def add_layout(self, *, number: int, shards: int, prefix: str = USUAL_PREFIX) -> Layout:
        """Make the layout and its shards, unless that number exists already; return what is there now."""

    async def unretired_layouts(self) -> tuple[Layout, ...]:
        """Return every layout whose relays may still write, oldest first."""

    async def retire(self, shard: Shard) -> None:
        """Raise the shard's fence for the last time: nobody can take it again."""

    async def make_ready(self, layout: Layout) -> None:
        """Retire every older layout and let this one send, starting where the last ready one had got to.

        Of a partition that is the lowest offset that any of its shards has recorded: the others have sent nothing
        to it. Where they have recorded several clusters, no cluster is the right one.
        """

    async def take(self, shard: Shard, *, owner: str, lease_seconds: float) -> Lease | None:
        """Raise the fence and lease the shard, unless another owner's lease has not run out or the shard is retired.

        The store's clock decides, never the caller's.
        """

    async def renew(self, shard: Shard, *, owner: str, lease_seconds: float) -> int | None:
        """Lengthen the owner's lease, whatever its fence.

        Returns:
            How many shards a relay has that asks for this one, the fewest where several do; None when nobody asks.

        Raises:
            Fenced: the shard is no longer the owner's.
        """

    async def ask(self, shard: Shard, *, held: int, seconds: float) -> None:
        """Let the shard's owner know, for so long, of a relay that has `held` shards and would take this one too.

        Who takes the shard ends it. No effect on a retired shard.
        """

    async def release(self, shard: Shard, *, owner: str) -> None:
        """End the owner's lease so that another can take the shard at once; no effect on somebody else's."""

    async def unpublished(
        self, lease: Lease, *, limit: int, excluding: Collection[EventId] = ()
    ) -> tuple[OutboxRow, ...]:
        """Return the shard's next rows, per order by `seq`, without those set aside and those that wait behind one.

        Args:
            lease: The shard.
            limit: So many at most.
            excluding: Events that are in the log and not marked yet: they are not wanted again.
        """

    async def recorded(self, lease: Lease) -> Recorded:
        """Return how far the log was compared with the shard's rows."""

    async def settle(
        self, lease: Lease, *, cluster_id: str, records: Sequence[LogRecord], positions: Mapping[Partition, int]
    ) -> frozenset[EventId]:
        """Mark the rows of these records published and record the positions, both or neither.

        Returns:
            The events that were not marked before; ids of no row are ignored.
        """

    async def set_aside(self, lease: Lease, *, event_id: EventId, reason: str) -> bool:
        """Keep a row back from Kafka, and with it the later rows of its order alone.

        Returns:
            Whether the row was still unpublished; if not, nothing is changed.
        """


class LogSession(Protocol):
    """A new producer and reader of one shard. After any error it is good for nothing but `close`."""

    @property
    def cluster_id(self) -> str:
        """Return the id of the cluster that this session writes to."""

    async def high_watermarks(self, topics: Sequence[str]) -> dict[Partition, int]:
        """Return the end of every partition, uncommitted records included.

        Raises:
            EventLogUnavailable: the log is away or a topic is missing.
        """

    async def beginnings(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Return the first offset of each partition that its retention has left.

        Raises:
            EventLogUnavailable: the log is away.
        """

    async def read(self, *, start: Mapping[Partition, int], until: Mapping[Partition, int]) -> Reading:
        """Read committed records from `start`, until the positions have reached `until` or a while has passed.

        May return early with little or nothing; the positions, one for each partition of `start`, say how far it came.
        Partitions that `until` leaves out may be read as well.

        Raises:
            OutOfRange: an offset of `start` is not in the log.
            EventLogUnavailable: the log is away.
        """

    async def publish(self, rows: Sequence[OutboxRow]) -> tuple[PublishedAt, ...]:
        """Send the rows in one transaction, await each of them, and commit.

        Returns:
            Where the log says that each row lies: believable only when read back.

        Raises:
            BatchRefused: the log will never take one of them.
            OutcomeUnknown: anything else went wrong.
        """

    async def close(self) -> None:
        """Let go of everything; never raises and waits for no transaction."""


class EventLog(Protocol):
    """Kafka, as the relay sees it."""

    async def open(self, shard: Shard) -> LogSession:
        """Shut out every older producer of the shard, end what it left undone, and return a new session.

        Raises:
            EventLogUnavailable: the log is away or denies it.
        """
