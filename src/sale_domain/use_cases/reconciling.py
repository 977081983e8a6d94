"""Walk through the books in small steps, compare what must agree, and mend what can be mended without a guess."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate

import attrs

from sale_domain.ids import BUCKETS, MerchantId, OrderId, bucket_of, merchant_bucket
from sale_domain.order_errors import OrderChanged
from sale_domain.order_reconciliation import check_order
from sale_domain.orders import Order
from sale_domain.ports.orders import Decision, Orders
from sale_domain.ports.reconciling import BookedOrder, Books, Feed, LogReader, Place, UnreadableOrder, Wait
from sale_domain.ports.runtime import Clock
from sale_domain.reconciliation import (
    Finding,
    Limits,
    Mend,
    check_events_of,
    check_feed,
    check_queue,
    check_records,
    unreadable,
)

BY_RECONCILER = "sale-reconcile"
"""Who history says has rewritten an order's columns."""

_STAMPS = 1_000
_ORDERS = 50
_FEED_ROWS = 1_000


@attrs.frozen(kw_only=True)
class Scope:
    """What is looked at; everything unless it says otherwise.

    Attributes:
        since: Only orders that have changed since then, and feeds back to then.
        sample: Only so many orders, drawn at random, and the newest part of their merchants' feeds.
    """

    merchant_id: MerchantId | None = None
    since: datetime | None = None
    sample: int | None = None


@attrs.define(kw_only=True)
class Seen:
    """What has been looked at so far; it grows while the findings come."""

    orders: int = 0
    events: int = 0
    records: int = 0
    expired: int = 0
    feed_numbers: int = 0


@attrs.define(kw_only=True)
class Reconciliation:
    """One comparison of everything in a scope.

    Attributes:
        draw: Returns a number from 0 up to, but not with, the one given; for samples.
        moved: Is told after every step how far it has come.
    """

    books: Books
    log: LogReader
    clock: Clock
    draw: Callable[[int], int]
    moved: Callable[[Seen], object] = lambda _seen: None
    limits: Limits = attrs.field(factory=Limits)
    scope: Scope = attrs.field(factory=Scope)
    seen: Seen = attrs.field(init=False, factory=Seen)
    _places: set[tuple[int, MerchantId]] = attrs.field(init=False, factory=set)

    async def findings(self) -> AsyncIterator[Finding]:
        """Yield what does not agree as it is found; memory does not grow with the number of orders.

        Raises:
            EventLogUnavailable, StoreUnavailable: so far and no further.
        """
        feeds = await self._feeds()
        self._places = {(merchant_bucket(merchant_id), merchant_id) for merchant_id in feeds}
        walk = self._everything(feeds) if self.scope.sample is None else self._sample(feeds, self.scope.sample)
        async for finding in walk:
            yield finding
        async for finding in self._queues():
            yield finding

    async def knows(self, merchant_id: MerchantId) -> bool:
        """Tell whether a merchant has a feed, an order or an event.

        Raises:
            StoreUnavailable: the database is away.
        """
        bucket = merchant_bucket(merchant_id)
        feeds = {feed.merchant_id for feed in await self.books.feeds([bucket])}
        return (
            merchant_id in feeds
            or bool(await self.books.orders(bucket, merchant_id=merchant_id, after=None, limit=1))
            or bool(await self.books.events_of(bucket, merchant_id=merchant_id, after=None, limit=1))
        )

    async def _feeds(self) -> Mapping[MerchantId, Feed]:
        feeds = await self.books.feeds(self._buckets())
        wanted = (feed for feed in feeds if self.scope.merchant_id in (None, feed.merchant_id))
        return {feed.merchant_id: feed for feed in wanted}

    def _buckets(self) -> Sequence[int]:
        merchant_id = self.scope.merchant_id
        return range(BUCKETS) if merchant_id is None else (merchant_bucket(merchant_id),)

    async def _everything(self, feeds: Mapping[MerchantId, Feed]) -> AsyncIterator[Finding]:
        merchants = set(feeds)
        for bucket in self._buckets():
            after: OrderId | None = None
            while page := await self.books.orders(
                bucket, merchant_id=self.scope.merchant_id, after=after, limit=_STAMPS
            ):
                after = page[-1].id
                self._meet(bucket, {stamp.merchant_id for stamp in page})
                merchants |= {stamp.merchant_id for stamp in page}
                changed = [s.id for s in page if self.scope.since is None or s.updated_at >= self.scope.since]
                async for finding in self._orders(bucket, changed):
                    yield finding
            async for finding in self._outbox(bucket):
                yield finding
        for merchant_id in sorted(merchants):
            async for finding in self._feed(merchant_id):
                yield finding

    def _meet(self, bucket: int, merchants: Iterable[MerchantId]) -> None:
        """Remember where things of merchants lie: their queues are looked at, with or without a feed."""
        self._places |= {(bucket, merchant_id) for merchant_id in merchants}

    async def _outbox(self, bucket: int) -> AsyncIterator[Finding]:
        after: OrderId | None = None
        while page := await self.books.events_of(
            bucket, merchant_id=self.scope.merchant_id, after=after, limit=_STAMPS
        ):
            after = page[-1].order_id
            self._meet(bucket, {named.merchant_id for named in page})
            for named in page:
                for finding in check_events_of(named):
                    yield finding

    async def _sample(self, feeds: Mapping[MerchantId, Feed], size: int) -> AsyncIterator[Finding]:
        """Draw from the feeds: every committed change is as likely as any other, and is found by its key."""
        drawn = self._drawn([feed for feed in feeds.values() if feed.n], size)
        for merchant_id, numbers in drawn.items():
            order_ids = sorted(await self.books.orders_told_at(merchant_id, numbers))
            async for finding in self._orders(merchant_bucket(merchant_id), order_ids):
                yield finding
            async for finding in self._feed(merchant_id):
                yield finding

    def _drawn(self, feeds: Sequence[Feed], size: int) -> Mapping[MerchantId, set[int]]:
        ends = list(accumulate(feed.n for feed in feeds))
        drawn: defaultdict[MerchantId, set[int]] = defaultdict(set)
        for _ in range(size if ends else 0):
            number = self.draw(ends[-1])
            index = bisect_right(ends, number)
            drawn[feeds[index].merchant_id].add(ends[index] - number)
        return drawn

    async def _orders(self, bucket: int, order_ids: Sequence[OrderId]) -> AsyncIterator[Finding]:
        now = self.clock.now()
        for some in _chunks(order_ids, _ORDERS):
            booked = await self.books.booked(bucket, some)
            for one in booked:
                for finding in self._order(one, kept_since=now - self.limits.events_kept):
                    yield finding
            events = [event for one in booked if isinstance(one, BookedOrder) for event in one.events]
            self.seen.orders += len(booked)
            self.seen.events += len(events)
            published = [event for event in events if event.published is not None]
            if published:
                looked_up = await self.log.look_up({e.published.at for e in published if e.published})
                self.seen.records += len(published)
                self.seen.expired += len(looked_up.expired)
                for finding in check_records(published, looked_up, now=now):
                    yield finding
            self.moved(self.seen)

    def _order(self, one: BookedOrder | UnreadableOrder, *, kept_since: datetime) -> Sequence[Finding]:
        if isinstance(one, UnreadableOrder):
            return (unreadable(one),)
        try:
            return check_order(one, kept_since=kept_since)
        except Exception as failure:  # noqa: BLE001 - what cannot be compared is a finding; the next order may be well
            reason = f"{type(failure).__name__} {failure}"
            return (unreadable(UnreadableOrder(id=one.order.id, reason=reason)),)

    async def _feed(self, merchant_id: MerchantId) -> AsyncIterator[Finding]:
        page = await self.books.feed(merchant_id, below=None, limit=_FEED_ROWS)
        newest = page.n
        while newest or page.rows:
            numbers = [number for number, _ in page.rows]
            for finding in check_feed(merchant_id, numbers, newest=newest):
                yield finding
            self.seen.feed_numbers += len(numbers)
            if not page.rows or self.scope.sample is not None or self._is_old(page.rows[-1][1]):
                return
            newest = numbers[-1] - 1
            page = await self.books.feed(merchant_id, below=numbers[-1], limit=_FEED_ROWS)

    def _is_old(self, at: datetime) -> bool:
        return self.scope.since is not None and at < self.scope.since

    async def _queues(self) -> AsyncIterator[Finding]:
        """Look for what waits too long: by its nature old, so neither `since` nor a sample would find it."""
        now = self.clock.now()
        merchants = [Place(bucket=bucket, merchant_id=merchant_id) for bucket, merchant_id in sorted(self._places)]
        buckets = [] if self.scope.merchant_id else [Place(bucket=bucket) for bucket in self._buckets()]
        for kind, limit in self.limits.ages.items():
            places = buckets if kind is Wait.PARKED else merchants
            queue = await self.books.waiting(kind, places, since_before=now - limit)
            if queue is not None:
                yield check_queue(kind, queue, limit=limit)


async def mend(orders: Orders, clock: Clock, what: Mend) -> None:
    """Write what the ledger amounts to, under the order's lock, with a version and a history entry of its own.

    No fact, no status and no event is touched: storing an order stores what follows from its ledger.

    Raises:
        OrderChanged: somebody has changed the order since it was looked at, and so has mended it already.
        NotFound: the order is gone.
    """

    def decide(order: Order) -> Decision:
        if (order.version, order.received.amount, order.paid.amount) != (what.version, *what.right):
            raise OrderChanged
        data = {
            "received": {"from": what.stored[0], "to": what.right[0]},
            "paid": {"from": what.stored[1], "to": what.right[1]},
        }
        change = order.recounted(reason="reconciled with its ledger", data=data, at=clock.now(), by=BY_RECONCILER)
        return Decision(change=change)

    assert bucket_of(what.order_id) == merchant_bucket(what.merchant_id), "an order lies in its merchant's bucket"
    await orders.change(what.order_id, decide, merchant_id=what.merchant_id)


def _chunks(ids: Sequence[OrderId], size: int) -> Iterator[Sequence[OrderId]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
