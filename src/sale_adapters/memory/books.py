"""The books in memory: what `MemoryStore` holds, as the reconciler wants to see it."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from sale_adapters.memory.store import MemoryStore
from sale_adapters.wire import json
from sale_adapters.wire.events import payload_of
from sale_domain.feed import FeedAction, FeedEntry, Topic
from sale_domain.ids import MerchantId, OrderId, bucket_of, merchant_bucket
from sale_domain.messages import Message
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.ports.reconciling import (
    BookedEntry,
    BookedEvent,
    BookedFact,
    BookedOrder,
    EventsOf,
    Feed,
    FeedPage,
    OrderStamp,
    Place,
    Published,
    Queue,
    Told,
    Wait,
)


@attrs.frozen(kw_only=True)
class MemoryBooks:
    """The `Books` port over a `MemoryStore`, which derives money and so can never disagree about it.

    Attributes:
        cluster_id: Of the log that the store's events were published to.
    """

    store: MemoryStore
    cluster_id: str = "memory-cluster"

    async def feeds(self, buckets: Sequence[int]) -> tuple[Feed, ...]:
        """See `Books`."""
        await self.store.reach()
        return tuple(
            Feed(merchant_id=merchant_id, n=len(feed))
            for merchant_id, feed in self.store.feeds.items()
            if feed and merchant_bucket(merchant_id) in buckets
        )

    async def orders(
        self, bucket: int, *, merchant_id: MerchantId | None, after: OrderId | None, limit: int
    ) -> tuple[OrderStamp, ...]:
        """See `Books`."""
        await self.store.reach()
        orders = sorted(self.store.orders.values(), key=lambda order: order.id)
        page = [
            OrderStamp(id=order.id, merchant_id=order.merchant_id, updated_at=order.updated_at)
            for order in orders
            if bucket_of(order.id) == bucket
            and merchant_id in (None, order.merchant_id)
            and (after is None or order.id > after)
        ]
        return tuple(page[:limit])

    async def orders_told_at(self, merchant_id: MerchantId, numbers: Collection[int]) -> frozenset[OrderId]:
        """See `Books`."""
        await self.store.reach()
        feed = enumerate(self.store.feeds[merchant_id], start=1)
        return frozenset(_order_of(entry) for n, entry in feed if n in numbers)

    async def booked(self, bucket: int, order_ids: Sequence[OrderId]) -> tuple[BookedOrder, ...]:
        """See `Books`."""
        await self.store.reach()
        wanted = (order_id for order_id in sorted(order_ids) if bucket_of(order_id) == bucket)
        return tuple(self._booked(self.store.orders[order_id]) for order_id in wanted if order_id in self.store.orders)

    async def events_of(
        self, bucket: int, *, merchant_id: MerchantId | None, after: OrderId | None, limit: int
    ) -> tuple[EventsOf, ...]:
        """See `Books`."""
        await self.store.reach()
        found = {
            message.order_id: message.merchant_id
            for message in self.store.messages
            if message.event_id in self.store.outbox.rows
            and bucket_of(message.order_id) == bucket
            and merchant_id in (None, message.merchant_id)
            and (after is None or message.order_id > after)
        }
        page = sorted(found.items())[:limit]
        return tuple(
            EventsOf(order_id=order_id, merchant_id=owner, has_order=order_id in self.store.orders)
            for order_id, owner in page
        )

    async def feed(self, merchant_id: MerchantId, *, below: int | None, limit: int) -> FeedPage:
        """See `Books`."""
        await self.store.reach()
        feed = self.store.feeds.get(merchant_id, [])
        rows = [(n, entry.at) for n, entry in enumerate(feed, start=1) if below is None or n < below]
        return FeedPage(n=len(feed), rows=tuple(rows[::-1][:limit]))

    async def waiting(self, kind: Wait, places: Sequence[Place], *, since_before: datetime) -> Queue | None:
        """See `Books`; a parked payment waits since it happened, and a row that is set aside since its event."""
        await self.store.reach()
        found = sorted((since, thing) for since, thing in self._waiting(kind, places) if since < since_before)
        return Queue(count=len(found), oldest=found[0][1], since=found[0][0]) if found else None

    def _waiting(self, kind: Wait, places: Sequence[Place]) -> Iterator[tuple[datetime, str]]:
        outbox, merchants = self.store.outbox, {place.merchant_id for place in places}
        if kind is Wait.PARKED:
            buckets = {place.bucket for place in places}
            yield from (
                (fact.at, fact.source.id) for fact in self.store.parked.values() if _bucket(fact.source.id) in buckets
            )
        elif kind in (Wait.UNPUBLISHED, Wait.SET_ASIDE):
            done = {*outbox.published, *outbox.released}
            for message in self.store.messages:
                mine = message.merchant_id in merchants and message.event_id not in done
                if mine and (message.event_id in outbox.aside) == (kind is Wait.SET_ASIDE):
                    yield message.occurred_at, message.event_id
        else:
            status = OrderStatus[kind.name]
            for order in self.store.orders.values():
                if order.merchant_id in merchants and order.status is status:
                    yield order.updated_at, order.id

    def _booked(self, order: Order) -> BookedOrder:
        outbox = self.store.outbox
        events = (
            BookedEvent(
                event_id=message.event_id,
                order_id=order.id,
                seq=message.seq,
                transition=message.transition,
                occurred_at=message.occurred_at,
                told=_told(message),
                published=Published(at=at, cluster_id=self.cluster_id)
                if (at := outbox.published.get(message.event_id))
                else None,
                released=message.event_id in outbox.released,
            )
            for message in self.store.messages
            if message.order_id == order.id and message.event_id in outbox.rows
        )
        entries = (_entry(entry) for entry in self.store.feeds[order.merchant_id] if entry.thing_id == order.id)
        snapshots = self.store.snapshots.get(order.id, [])
        return BookedOrder(
            order=order,
            received=order.received.amount,
            paid=order.paid.amount,
            facts=tuple(BookedFact(ordinal=n, as_told=True) for n in range(1, len(order.ledger.facts) + 1)),
            events=tuple(sorted(events, key=lambda event: event.seq)),
            entries=tuple(entries),
            snapshots=frozenset(snapshot.checkout for snapshot in snapshots),
            ticket_statuses={ticket.id: ticket.status.value for ticket in order.kitchen.tickets},
        )


def _entry(entry: FeedEntry) -> BookedEntry:
    figures = (entry.data or {}) if entry.action is FeedAction.ORDER_PAYMENT_UPDATED else {}
    return BookedEntry(
        version=entry.version,
        action=entry.action.value,
        status=entry.status,
        at=entry.at,
        transition=entry.transition,
        amount=Decimal(str(figures["amount"])) if figures else None,
        received=Decimal(str(figures["received"])) if figures else None,
    )


def _told(message: Message) -> Told:
    payload: Any = json.read(payload_of(message))
    payment = payload.get("payment", {})
    return Told(
        event_id=payload.get("eventId"),
        order_id=payload.get("saleOrderId"),
        transition=payload.get("transition"),
        paid=payment.get("paid"),
        total=payment.get("total"),
    )


def _order_of(entry: FeedEntry) -> OrderId:
    """Return the order that an entry's thing is, or belongs to."""
    is_order = entry.topic is Topic.SALE_ORDER
    return OrderId(entry.thing_id if is_order else str((entry.data or {})["saleOrderId"]))


def _bucket(source_id: str) -> int:
    try:
        return bucket_of(source_id)
    except ValueError:
        return 0
