"""A played evening in memory, all of it told to a log, and books in which a hand can alter rows."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count

import attrs

import evening
from evening import CLOSING_TIME, Evening
from sale_adapters.memory import ManualClock, MemoryBooks, MemoryEventLog, MemoryLogReader, MemoryOrders, MemoryStore
from sale_domain.ids import MerchantId, OrderId
from sale_domain.ports.reconciling import BookedOrder, FeedPage, UnreadableOrder
from sale_domain.reconciliation import Check, Finding, Limits
from sale_domain.use_cases.reconciling import Reconciliation, Scope


@attrs.frozen(kw_only=True)
class SpoiltBooks(MemoryBooks):
    """Books with rows that a hand has altered."""

    received: dict[OrderId, Decimal] = attrs.field(factory=dict)
    unreadable: set[OrderId] = attrs.field(factory=set)
    broken: set[OrderId] = attrs.field(factory=set)
    lost_numbers: set[int] = attrs.field(factory=set)

    async def booked(self, bucket: int, order_ids: Sequence[OrderId]) -> tuple[BookedOrder, ...]:
        found = await super().booked(bucket, order_ids)
        return tuple(map(self._spoilt, found))  # type: ignore[arg-type]  # as the port says, an order may be unreadable

    def _spoilt(self, one: BookedOrder) -> BookedOrder | UnreadableOrder:
        if one.order.id in self.unreadable:
            return UnreadableOrder(id=one.order.id, reason="no JSON")
        if one.order.id in self.broken:
            return attrs.evolve(one, ticket_statuses={})
        return attrs.evolve(one, received=self.received.get(one.order.id, one.received))

    async def feed(self, merchant_id: MerchantId, *, below: int | None, limit: int) -> FeedPage:
        page = await super().feed(merchant_id, below=below, limit=limit)
        return attrs.evolve(page, rows=tuple(row for row in page.rows if row[0] not in self.lost_numbers))


@attrs.define(kw_only=True)
class Shop:
    """A played evening whose events are all in the log, and its books."""

    evening: Evening
    store: MemoryStore
    orders: MemoryOrders
    books: SpoiltBooks
    log: MemoryEventLog
    retention: dict[str, timedelta] = attrs.field(factory=dict)

    def reconciliation(
        self, *, at: timedelta = timedelta(0), limits: Limits | None = None, **scope: object
    ) -> Reconciliation:
        every_number = count()
        return Reconciliation(
            books=self.books,
            log=MemoryLogReader(log=self.log, retention=self.retention),
            clock=ManualClock(CLOSING_TIME + at),
            draw=lambda below: next(every_number) % below,
            limits=limits or Limits(),
            scope=Scope(**{"merchant_id": self.evening.merchant_id, **scope}),  # type: ignore[arg-type]  # as given
        )

    async def findings(self, **options: object) -> list[Finding]:
        return [finding async for finding in self.reconciliation(**options).findings()]  # type: ignore[arg-type]

    async def told(self, **options: object) -> list[tuple[Check, str]]:
        return [(finding.check, finding.id) for finding in await self.findings(**options)]

    def address(self, order_id: OrderId) -> str:
        """Return where the first event of an order is published."""
        event_id = next(message.event_id for message in self.store.messages if message.order_id == order_id)
        at = self.store.outbox.published[event_id]
        return f"{at.topic}-{at.partition} at offset {at.offset}"

    def republish(self, order_id: OrderId, **changed: object) -> str:
        """Rewrite the address of an order's first event; return the event."""
        event_id = next(message.event_id for message in self.store.messages if message.order_id == order_id)
        published = self.store.outbox.published
        published[event_id] = attrs.evolve(published[event_id], **changed)  # type: ignore[arg-type]  # as named
        return event_id


async def open_shop() -> Shop:
    store = MemoryStore(clock=ManualClock())
    orders, log = MemoryOrders(store), evening.new_log()
    played = await evening.play(orders)
    for row in list(store.outbox.rows.values()):
        store.outbox.published[row.event_id] = await evening.told(log, row)
    books = SpoiltBooks(store=store, cluster_id=log.cluster_id)
    return Shop(evening=played, store=store, orders=orders, books=books, log=log)
