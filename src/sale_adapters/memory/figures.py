"""Figures of a store in memory."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_adapters.memory.store import MemoryStore
from sale_domain.money import Currency
from sale_domain.orders import Order
from sale_domain.ports.figures import COUNTED_UP_TO, OPEN_STATUSES, Backlog, StoreFigures


class MemoryFigures:
    """The `Figures` port over a `MemoryStore`."""

    def __init__(self, store: MemoryStore, *, count_up_to: int = COUNTED_UP_TO) -> None:
        self._store = store
        self._count_up_to = count_up_to

    async def read(self) -> StoreFigures:
        """See `Figures`."""
        store = self._store
        await store.reach()
        orders = store.orders.values()
        return StoreFigures(
            unpublished=self._backlog(_to_be_sent(store.outbox)),
            set_aside=min(len(store.outbox.aside), self._count_up_to),
            parked=self._backlog(webhook.received_at for webhook in store.parked_by.values()),
            unallocated=_unallocated(orders),
            active_usages=self._backlog(
                usage.started_at for order in orders for usage in order.seating.usages if usage.is_active
            ),
            open_orders={
                status: self._backlog(order.created_at for order in orders if order.status is status)
                for status in OPEN_STATUSES
            },
        )

    def _backlog(self, since: Iterable[datetime]) -> Backlog:
        waiting = sorted(since)
        return Backlog(count=min(len(waiting), self._count_up_to), oldest=waiting[0] if waiting else None)


def _to_be_sent(outbox: MemoryOutbox) -> Iterable[datetime]:
    first_aside: dict[str, int] = {}
    for event_id in outbox.aside:
        row = outbox.rows[event_id]
        first_aside[row.order_id] = min(row.seq, first_aside.get(row.order_id, row.seq))
    return (
        row.occurred_at
        for row in outbox.rows.values()
        if row.event_id not in outbox.published
        and row.event_id not in outbox.released
        and row.seq < first_aside.get(row.order_id, row.seq + 1)
    )


def _unallocated(orders: Iterable[Order]) -> dict[Currency, Decimal]:
    sums: dict[Currency, Decimal] = {}
    for order in orders:
        if order.unallocated.amount:
            sums[order.currency] = sums.get(order.currency, Decimal(0)) + order.unallocated.amount
    return sums
