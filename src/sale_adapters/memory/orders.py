"""Orders at rest in memory: one transaction a command, under the order's lock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from sale_adapters.memory.allocations import check_units_are_free
from sale_adapters.memory.store import MemoryStore
from sale_adapters.wire.events import payload_of
from sale_domain.allocations import Seating, UnreadSeating
from sale_domain.errors import NotFound
from sale_domain.feed import Topic
from sale_domain.ids import MerchantId, OrderId
from sale_domain.kitchen import Kitchen, UnreadKitchen
from sale_domain.messages import Message
from sale_domain.orders import Order
from sale_domain.port_errors import KeyInUse, StoreBusy
from sale_domain.ports.answers import AlreadyAnswered, Once
from sale_domain.ports.orders import (
    EVERYTHING,
    LINES,
    Committed,
    Decide,
    Decision,
    History,
    Need,
    NumberedEntry,
    OrderFilter,
    OrderPage,
)
from sale_domain.ports.publishing import OutboxRow
from sale_domain.snapshots import CheckoutSnapshot
from sale_domain.views import OrderView


class MemoryOrders:
    """The `Orders` port over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def create(self, decision: Decision, *, once: Once | None) -> OrderView:
        """See `Orders`."""
        assert decision.change.order.id not in self._store.orders, "an order is created once"
        async with self._once(once):
            return self._write(decision, once=once)

    async def change(
        self,
        order_id: OrderId,
        decide: Decide,
        *,
        merchant_id: MerchantId | None,
        needs: Need = EVERYTHING,
        once: Once | None = None,
    ) -> Committed:
        """See `Orders`."""
        busy = StoreBusy(reason="the order stayed locked")
        async with self._once(once), self._store.locked(order_id, otherwise=busy):
            found = self._found(order_id, merchant_id)
            decision = decide(_as_needed(found, needs))
            return Committed(view=self._write(decision, once=once, needs=needs), decision=decision)

    async def find(self, order_id: OrderId, *, merchant_id: MerchantId) -> OrderView:
        """See `Orders`."""
        await self._store.reach()
        order = _as_read(self._found(order_id, merchant_id))
        return OrderView(order=order, snapshot=self._snapshot(order), feed_seq=len(self._store.feeds[merchant_id]))

    async def find_many(
        self, which: OrderFilter, *, merchant_id: MerchantId, after: OrderId | None, limit: int
    ) -> OrderPage:
        """See `Orders`."""
        await self._store.reach()
        mine = (order for order in self._store.orders.values() if order.merchant_id == merchant_id)
        wanted = (order for order in mine if _shows(which, order) and (after is None or order.id < after))
        newest_first = sorted(wanted, key=lambda order: order.id, reverse=True)
        page = tuple(map(_as_read, newest_first[:limit]))
        more = len(newest_first) > limit
        return OrderPage(
            orders=page,
            next_after=page[-1].id if more and page else None,
            feed_seq=len(self._store.feeds[merchant_id]),
        )

    async def history(self, order_id: OrderId, *, merchant_id: MerchantId) -> History:
        """See `Orders`."""
        await self._store.reach()
        self._found(order_id, merchant_id)
        feed = self._store.feeds[merchant_id]
        numbered = (NumberedEntry(n=n, entry=entry) for n, entry in enumerate(feed, start=1))
        return History(entries=tuple(row for row in numbered if row.entry.thing_id == order_id), feed_seq=len(feed))

    @asynccontextmanager
    async def _once(self, once: Once | None) -> AsyncIterator[None]:
        """Begin a transaction; an equal request waits here for the first, and gets its answer."""
        if once is None:
            await self._store.reach()
            yield
            return
        async with self._store.locked(once.key, otherwise=KeyInUse()):
            answer = self._store.answer(once.key, fingerprint=once.fingerprint)
            if answer is not None:
                raise AlreadyAnswered(answer=answer)
            yield

    def _found(self, order_id: OrderId, merchant_id: MerchantId | None) -> Order:
        order = self._store.orders.get(order_id)
        if order is None or merchant_id not in (None, order.merchant_id):
            raise NotFound(thing="order")
        return order

    def _snapshot(self, order: Order) -> CheckoutSnapshot | None:
        return None if order.totals is None else self._store.snapshots[order.id][-1]

    def _write(self, decision: Decision, *, once: Once | None, needs: Need = LINES) -> OrderView:
        """Commit: whatever can fail comes first, so that all of it is written or nothing."""
        store, change = self._store, decision.change
        known = self._snapshot(change.order) if Need.SNAPSHOT in needs and change.snapshot is None else None
        view = decision.view(snapshot=change.snapshot or known)
        answer = once.answer(view) if once else None
        rows = [_outbox_row(message) for message in decision.messages]
        before = store.orders.get(change.order.id)
        told = range(before.events if before else 0, change.order.events)
        assert [message.seq for message in decision.messages] == [n + 1 for n in told], "every event is written once"
        if change.entries:
            kept = _kept(change.order, before)
            check_units_are_free(store, kept)
            made = sum(entry.topic is Topic.SALE_ORDER for entry in change.entries)
            assert change.order.version == (before.version if before else 0) + made, "a command makes one version"
            store.orders[kept.id] = kept
            store.feeds[change.order.merchant_id] += change.entries
        if change.snapshot is not None:
            store.snapshots.setdefault(change.order.id, []).append(change.snapshot)
        for row in rows:
            store.outbox.append(row)
        store.messages += decision.messages
        store.webhooks += [decision.webhook] if decision.webhook else []
        if decision.unparked is not None:
            store.parked.pop(decision.unparked.key, None)
            store.parked_by.pop(decision.unparked.key, None)
        if once is not None and answer is not None:
            store.keep(once.key, fingerprint=once.fingerprint, answer=answer)
        return view


def _as_read(order: Order) -> Order:
    """Return what reads show of an order: as in a database, they do not look for what belongs to commands."""
    return attrs.evolve(order, kitchen=Kitchen(), seating=Seating())


def _as_needed(order: Order, needs: Need) -> Order:
    """Return what a command sees of an order: what it has asked for."""
    seating = order.seating
    if Need.SEATING not in needs:
        active = tuple(usage for usage in seating.usages if usage.is_active)
        seating = Seating(active) if Need.ACTIVE_USAGES in needs else UnreadSeating()
    return attrs.evolve(order, seating=seating, kitchen=order.kitchen if Need.KITCHEN in needs else UnreadKitchen())


def _kept(order: Order, before: Order | None) -> Order:
    """Return an order as it is kept: with what the command that has changed it was not shown."""
    if before is None:
        return order
    seating = before.seating
    if not isinstance(order.seating, UnreadSeating):
        usages = {usage.id: usage for usage in (*before.seating.usages, *order.seating.usages)}
        seating = Seating(tuple(usages[usage_id] for usage_id in sorted(usages)))
    kitchen = before.kitchen if isinstance(order.kitchen, UnreadKitchen) else order.kitchen
    return attrs.evolve(order, seating=seating, kitchen=kitchen)


def _shows(which: OrderFilter, order: Order) -> bool:
    return (
        which.status in (None, order.status)
        and which.sale_channel_id in (None, order.sale_channel_id)
        and which.customer_id in (None, order.customer_id)
        and (which.created_from is None or which.created_from <= order.created_at)
        and (which.created_to is None or order.created_at < which.created_to)
        and (which.unallocated is None or order.unallocated.amount > 0)
    )


def _outbox_row(message: Message) -> OutboxRow:
    return OutboxRow(
        event_id=message.event_id,
        order_id=message.order_id,
        seq=message.seq,
        topic=message.topic,
        payload=payload_of(message),
        occurred_at=message.occurred_at,
        traceparent=message.traceparent,
    )
