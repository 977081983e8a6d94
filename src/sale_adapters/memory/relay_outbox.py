"""The relay's outbox in memory, with leases and fences."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence

import attrs

from sale_domain.ids import EventId
from sale_domain.ports.publishing import (
    USUAL_PREFIX,
    Layout,
    Lease,
    LogRecord,
    OutboxRow,
    Partition,
    PublishedAt,
    Recorded,
    Shard,
)
from sale_domain.ports.publishing_errors import Fenced


@attrs.define(kw_only=True)
class MemoryShard:
    """What the outbox knows of a shard."""

    fence: int = 0
    owner: str | None = None
    lease_until: float = 0.0
    retired: bool = False
    asker_shards: int = 0
    asked_until: float = -math.inf
    cluster_id: str | None = None
    offsets: dict[Partition, int] = attrs.field(factory=dict)


class MemoryOutbox:
    """The `Outbox` port over plain dictionaries; rows come in by `append`.

    Attributes:
        rows: Every row ever appended, by event.
        published: Where the published ones are.
        aside: Why the ones that were set aside were.
        released: Why an operator gave the others up.
    """

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.rows: dict[EventId, OutboxRow] = {}
        self.published: dict[EventId, PublishedAt] = {}
        self.aside: dict[EventId, str] = {}
        self.released: dict[EventId, str] = {}
        self._seconds = seconds
        self._layouts: dict[int, Layout] = {}
        self._retired_layouts: set[int] = set()
        self._shards: dict[Shard, MemoryShard] = {}

    def append(self, row: OutboxRow) -> None:
        """Add a row, as the order's transaction would when it commits."""
        assert row.event_id not in self.rows, "an event has one row"
        self.rows[row.event_id] = row

    def put_back(self, event_id: EventId) -> None:
        """Let a row that was set aside be tried again."""
        del self.aside[event_id]

    def give_up(self, event_id: EventId, *, reason: str) -> None:
        """Never send a row that was set aside, and hold nothing back for it."""
        del self.aside[event_id]
        self.released[event_id] = reason

    def positions(self, shard: Shard) -> dict[Partition, int]:
        """Return how far a shard has read the log."""
        return dict(self._shards[shard].offsets)

    def forget_the_log(self) -> None:
        """Forget how far it was read, as an operator may after a halt."""
        for state in self._shards.values():
            state.cluster_id = None
            state.offsets = {}

    async def newest_layout(self) -> Layout | None:
        """See `Outbox`."""
        return self._layouts[max(self._layouts)] if self._layouts else None

    async def add_layout(self, *, number: int, shards: int, prefix: str = USUAL_PREFIX) -> Layout:
        """See `Outbox`."""
        if number not in self._layouts:
            self._layouts[number] = Layout(number=number, shards=shards, ready=False, prefix=prefix)
            self._shards |= {shard: MemoryShard() for shard in self._layouts[number].parts()}
        return self._layouts[number]

    async def unretired_layouts(self) -> tuple[Layout, ...]:
        """See `Outbox`."""
        return tuple(self._layouts[number] for number in sorted(self._layouts) if number not in self._retired_layouts)

    async def retire(self, shard: Shard) -> None:
        """See `Outbox`."""
        state = self._shards[shard]
        state.fence += 1
        state.retired = True

    async def make_ready(self, layout: Layout) -> None:
        """See `Outbox`."""
        if self._layouts[layout.number].ready:
            return
        older = [one for one in await self.unretired_layouts() if one.number < layout.number]
        for start in (one for one in older if one.ready):
            self._inherit(self._layouts[layout.number], start)
        self._retired_layouts |= {one.number for one in older}
        self._layouts[layout.number] = attrs.evolve(self._layouts[layout.number], ready=True)

    def _inherit(self, layout: Layout, older: Layout) -> None:
        states = [self._shards[shard] for shard in older.parts()]
        clusters = sorted({state.cluster_id for state in states if state.cluster_id is not None})
        offsets: dict[Partition, int] = {}
        for state in states:
            offsets |= {part: min(offset, offsets.get(part, offset)) for part, offset in state.offsets.items()}
        for shard in layout.parts():
            self._shards[shard].cluster_id = " and ".join(clusters) or None
            self._shards[shard].offsets = dict(offsets)

    async def take(self, shard: Shard, *, owner: str, lease_seconds: float) -> Lease | None:
        """See `Outbox`."""
        state = self._shards[shard]
        leased = state.owner not in {None, owner} and self._seconds() < state.lease_until
        if leased or state.retired:
            return None
        state.fence += 1
        state.owner = owner
        state.lease_until = self._seconds() + lease_seconds
        state.asked_until = -math.inf
        return Lease(shard=shard, owner=owner, fence=state.fence)

    async def renew(self, shard: Shard, *, owner: str, lease_seconds: float) -> int | None:
        """See `Outbox`."""
        state = self._shards[shard]
        if state.owner != owner or state.retired:
            raise Fenced(shard=shard)
        state.lease_until = self._seconds() + lease_seconds
        return state.asker_shards if self._seconds() <= state.asked_until else None

    async def ask(self, shard: Shard, *, held: int, seconds: float) -> None:
        """See `Outbox`."""
        state = self._shards[shard]
        if not state.retired and (self._seconds() > state.asked_until or held < state.asker_shards):
            state.asker_shards, state.asked_until = held, self._seconds() + seconds

    async def release(self, shard: Shard, *, owner: str) -> None:
        """See `Outbox`."""
        if self._shards[shard].owner == owner:
            self._shards[shard].owner = None

    async def unpublished(
        self, lease: Lease, *, limit: int, excluding: Collection[EventId] = ()
    ) -> tuple[OutboxRow, ...]:
        """See `Outbox`."""
        self._held(lease)
        first_aside: dict[str, int] = {}
        for event_id in self.aside:
            row = self.rows[event_id]
            first_aside[row.order_id] = min(row.seq, first_aside.get(row.order_id, row.seq))
        waiting = [
            row
            for row in self.rows.values()
            if row.event_id not in self.published
            and row.event_id not in excluding
            and row.event_id not in self.released
            and lease.shard.owns(row.event_id)
            and row.seq < first_aside.get(row.order_id, row.seq + 1)
        ]
        return tuple(sorted(waiting, key=lambda row: (row.occurred_at, row.order_id, row.seq))[:limit])

    async def recorded(self, lease: Lease) -> Recorded:
        """See `Outbox`."""
        state = self._held(lease)
        return Recorded(cluster_id=state.cluster_id, offsets=dict(state.offsets))

    async def settle(
        self, lease: Lease, *, cluster_id: str, records: Sequence[LogRecord], positions: Mapping[Partition, int]
    ) -> frozenset[EventId]:
        """See `Outbox`."""
        state = self._held(lease)
        new = {
            record.event_id: record.at
            for record in records
            if record.event_id in self.rows and record.event_id not in self.published
        }
        self.published |= new
        for event_id in new:
            self.aside.pop(event_id, None)
            self.released.pop(event_id, None)
        state.cluster_id = cluster_id
        state.offsets |= positions
        return frozenset(new)

    async def set_aside(self, lease: Lease, *, event_id: EventId, reason: str) -> bool:
        """See `Outbox`."""
        self._held(lease)
        if event_id in self.published or event_id in self.released:
            return False
        self.aside[event_id] = reason
        return True

    def _held(self, lease: Lease) -> MemoryShard:
        state = self._shards[lease.shard]
        if state.fence != lease.fence:
            raise Fenced(shard=lease.shard)
        return state
