"""What the books tell of an evening, in memory and on PostgreSQL alike."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

import evening
import orders_world as world
from evening import CLOSING_TIME, Evening
from sale_adapters.memory import ManualClock, MemoryBooks, MemoryInbox, MemoryOrders, MemoryStore
from sale_adapters.postgres import Database, PostgresBooks, PostgresInbox, PostgresOrders
from sale_domain.ids import OrderId, bucket_of, merchant_bucket
from sale_domain.ledger import PaymentFact
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.ports.figures import OPEN_STATUSES
from sale_domain.ports.orders import Inbox, Orders
from sale_domain.ports.reconciling import Books, Feed, FeedPage, Place, Queue, Wait
from sale_domain.reconciliation import check_order
from seating_world import taking


@attrs.frozen(kw_only=True)
class Desk:
    """The books of a played evening, and who keeps them."""

    books: Books
    orders: Orders
    inbox: Inbox
    evening: Evening

    @property
    def bucket(self) -> int:
        return merchant_bucket(self.evening.merchant_id)


@pytest.fixture
async def desk(tables_or_none: str | None) -> AsyncGenerator[Desk]:
    if tables_or_none is None:
        store = MemoryStore(clock=ManualClock())
        orders = MemoryOrders(store)
        yield Desk(
            books=MemoryBooks(store=store),
            orders=orders,
            inbox=MemoryInbox(store),
            evening=await evening.play(orders),
        )
        return
    async with Database(tables_or_none) as database:
        kept = PostgresOrders(database)
        yield Desk(
            books=PostgresBooks(database),
            orders=kept,
            inbox=PostgresInbox(database),
            evening=await evening.play(kept),
        )


async def test_everything_about_an_order_comes_together_and_agrees(desk: Desk) -> None:
    ids = sorted([desk.evening.completed, desk.evening.cancelled, desk.evening.draft])
    booked = await desk.books.booked(desk.bucket, ids)
    assert [one.order.id for one in booked] == ids
    assert [check_order(one, kept_since=world.MORNING) for one in booked] == [(), (), ()]
    done = next(one for one in booked if one.order.id == desk.evening.completed)
    assert done.order == (await desk.orders.find(done.order.id, merchant_id=desk.evening.merchant_id)).order
    assert (done.received, done.paid) == (Decimal(600_000), Decimal(325_000))
    assert [(event.seq, event.transition, event.published) for event in done.events] == [(1, 1, None), (2, 2, None)]
    assert [(entry.version, entry.transition, entry.received) for entry in done.entries] == [
        (1, None, None),
        (2, None, None),
        (3, None, None),
        (4, 1, 100_000),
        (5, 2, 600_000),
    ]


async def test_orders_of_a_bucket_come_page_by_page(desk: Desk) -> None:
    mine = {"bucket": desk.bucket, "merchant_id": desk.evening.merchant_id}
    every = await desk.books.orders(**mine, after=None, limit=100)  # type: ignore[arg-type]  # as named
    assert [stamp.id for stamp in every] == sorted(attrs.astuple(desk.evening)[1:])
    first = await desk.books.orders(**mine, after=None, limit=2)  # type: ignore[arg-type]  # as named
    rest = await desk.books.orders(**mine, after=first[-1].id, limit=100)  # type: ignore[arg-type]  # as named
    assert (*first, *rest) == every
    assert set(every) <= set(await desk.books.orders(desk.bucket, merchant_id=None, after=None, limit=1000))
    assert await desk.books.orders(desk.bucket, merchant_id=world.fresh_merchant(), after=None, limit=9) == ()


async def test_a_feed_comes_newest_first_with_its_counter(desk: Desk) -> None:
    merchant_id = desk.evening.merchant_id
    (feed,) = [feed for feed in await desk.books.feeds([desk.bucket]) if feed.merchant_id == merchant_id]
    assert feed == Feed(merchant_id=merchant_id, n=30)
    assert await desk.books.feeds([(desk.bucket + 1) % 1024]) == ()
    page = await desk.books.feed(merchant_id, below=None, limit=3)
    assert (page.n, [n for n, _ in page.rows]) == (30, [30, 29, 28])
    assert [n for n, _ in (await desk.books.feed(merchant_id, below=3, limit=9)).rows] == [2, 1]
    assert await desk.books.feed(world.fresh_merchant(), below=None, limit=9) == FeedPage(n=0, rows=())


async def test_a_number_of_the_feed_leads_to_its_order(desk: Desk) -> None:
    told = await desk.books.orders_told_at(desk.evening.merchant_id, {1, 2, 3, 99})
    assert told == {desk.evening.partial, desk.evening.completed}
    assert await desk.books.orders_told_at(desk.evening.merchant_id, range(1, 31)) == set(
        attrs.astuple(desk.evening)[1:]
    )


async def test_tables_are_booked_with_their_order_and_their_numbers_lead_to_it(desk: Desk) -> None:
    draft = desk.evening.draft
    made = await desk.orders.change(draft, taking("table-4", "table-5"), merchant_id=None)
    (booked,) = await desk.books.booked(desk.bucket, [draft])
    assert booked.order.seating == made.view.order.seating
    assert check_order(booked, kept_since=world.MORNING) == ()
    newest = (await desk.books.feed(desk.evening.merchant_id, below=None, limit=1)).n
    assert await desk.books.orders_told_at(desk.evening.merchant_id, {newest - 1, newest}) == {draft}


@pytest.mark.parametrize("status", OPEN_STATUSES)
async def test_an_open_order_waits_since_it_last_changed(desk: Desk, status: OrderStatus) -> None:
    order_id: OrderId = getattr(desk.evening, status.name.lower())
    since = (await desk.orders.find(order_id, merchant_id=desk.evening.merchant_id)).order.updated_at
    places = [Place(bucket=desk.bucket, merchant_id=desk.evening.merchant_id)]
    assert await desk.books.waiting(Wait[status.name], places, since_before=since) is None
    later = since + timedelta(seconds=1)
    # What was eaten has not been checked out yet.
    count = 2 if status is OrderStatus.DRAFT else 1
    assert await desk.books.waiting(Wait[status.name], places, since_before=later) == Queue(
        count=count, oldest=order_id, since=since
    )


async def test_unpublished_events_wait_and_none_is_set_aside(desk: Desk) -> None:
    places = [Place(bucket=desk.bucket, merchant_id=desk.evening.merchant_id)]
    queue = await desk.books.waiting(Wait.UNPUBLISHED, places, since_before=CLOSING_TIME)
    assert queue is not None
    assert queue.count == 10
    assert await desk.books.waiting(Wait.SET_ASIDE, places, since_before=CLOSING_TIME) is None


async def test_a_parked_payment_waits_in_the_bucket_that_its_order_would_have(desk: Desk) -> None:
    order_id = world.opened(desk.evening.merchant_id).order.id
    fact: PaymentFact = world.attempt(order_id, 65_000)
    await desk.inbox.park(fact, webhook=world.delivered(bucket=bucket_of(order_id)))
    here, elsewhere = Place(bucket=desk.bucket), Place(bucket=(desk.bucket + 1) % 1024)
    assert await desk.books.waiting(Wait.PARKED, [elsewhere], since_before=CLOSING_TIME) is None
    assert await desk.books.waiting(Wait.PARKED, [here, elsewhere], since_before=CLOSING_TIME) == Queue(
        count=1, oldest=order_id, since=world.MORNING
    )
