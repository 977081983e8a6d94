"""The operator's side of the outbox in memory."""

from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_domain.errors import NotFound
from sale_domain.ids import EventId, OrderId
from sale_domain.ports.outbox_desk import DeskEntry, NotSetAside, Standing
from sale_domain.ports.publishing import OutboxRow


class MemoryOutboxDesk:
    """The `OutboxDesk` port over a `MemoryOutbox`."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox

    async def unpublished(self, *, set_aside_only: bool, limit: int) -> tuple[DeskEntry, ...]:
        """See `OutboxDesk`."""
        wanted = {Standing.SET_ASIDE} if set_aside_only else {Standing.WAITING, Standing.SET_ASIDE, Standing.HELD_BACK}
        rows = sorted(self._outbox.rows.values(), key=lambda row: (row.occurred_at, row.order_id, row.seq))
        return tuple([entry for row in rows if (entry := self._entry(row)).standing in wanted][:limit])

    async def events_of(self, order_id: OrderId) -> tuple[DeskEntry, ...]:
        """See `OutboxDesk`."""
        rows = (row for row in self._outbox.rows.values() if row.order_id == order_id)
        return tuple(self._entry(row) for row in sorted(rows, key=lambda row: row.seq))

    async def find(self, event_id: EventId) -> tuple[DeskEntry, OutboxRow]:
        """See `OutboxDesk`."""
        if event_id not in self._outbox.rows:
            raise NotFound(thing="event")
        row = self._outbox.rows[event_id]
        return self._entry(row), row

    async def retry(self, event_id: EventId) -> None:
        """See `OutboxDesk`."""
        await self._need_set_aside(event_id)
        self._outbox.put_back(event_id)

    async def release(self, event_id: EventId, *, reason: str) -> None:
        """See `OutboxDesk`."""
        await self._need_set_aside(event_id)
        self._outbox.give_up(event_id, reason=reason)

    async def _need_set_aside(self, event_id: EventId) -> None:
        entry, _ = await self.find(event_id)
        if entry.standing is not Standing.SET_ASIDE:
            raise NotSetAside(event_id=event_id, standing=entry.standing)

    def _entry(self, row: OutboxRow) -> DeskEntry:
        standing = self._standing(row)
        return DeskEntry(
            event_id=row.event_id,
            order_id=row.order_id,
            seq=row.seq,
            topic=row.topic,
            occurred_at=row.occurred_at,
            standing=standing,
            reason=self._outbox.aside.get(row.event_id) or self._outbox.released.get(row.event_id),
            at=self._outbox.published.get(row.event_id),
            holds_back=len(self._later(row)) if standing is Standing.SET_ASIDE else 0,
        )

    def _standing(self, row: OutboxRow) -> Standing:
        known = (
            (self._outbox.published, Standing.PUBLISHED),
            (self._outbox.released, Standing.RELEASED),
            (self._outbox.aside, Standing.SET_ASIDE),
        )
        for place, standing in known:
            if row.event_id in place:
                return standing
        aside = (self._outbox.rows[event_id] for event_id in self._outbox.aside)
        held = any(other.order_id == row.order_id and other.seq < row.seq for other in aside)
        return Standing.HELD_BACK if held else Standing.WAITING

    def _later(self, row: OutboxRow) -> list[OutboxRow]:
        done = {*self._outbox.published, *self._outbox.released}
        return [
            other
            for other in self._outbox.rows.values()
            if other.order_id == row.order_id and other.seq > row.seq and other.event_id not in done
        ]
