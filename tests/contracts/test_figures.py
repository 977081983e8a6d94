"""What every look at the store promises operators."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal

import attrs
import psycopg
import pytest

from orders_world import MORNING, attempt, checking_out, delivered, fresh_id, fresh_merchant, opened, paying, pho
from sale_adapters.embedded import free_ports
from sale_adapters.memory import ManualClock, MemoryFigures, MemoryInbox, MemoryOrders, MemoryOutboxDesk, MemoryStore
from sale_adapters.postgres import Database, PostgresFigures, PostgresInbox, PostgresOrders
from sale_adapters.postgres.outbox_desk import PostgresOutboxDesk
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_domain.ids import OrderId
from sale_domain.money import Currency
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.figures import Backlog, Figures
from sale_domain.ports.orders import Decision, Inbox, Orders
from sale_domain.ports.outbox_desk import OutboxDesk
from sale_domain.ports.publishing import Lease, LogRecord, Outbox, OutboxRow, Partition, PublishedAt
from seating_world import taking
from stores import IMPATIENT

VND, USD = Currency("VND"), Currency("USD")
NOTHING = Backlog(count=0, oldest=None)
MOST = 3


@attrs.frozen(kw_only=True)
class Shop:
    """A store, its figures, and a relay at it."""

    orders: Orders
    inbox: Inbox
    figures: Figures
    outbox: Outbox
    desk: OutboxDesk

    async def open(self, *, at: datetime = MORNING, currency: Currency = VND) -> Order:
        """Open an order of two phở bò, 130 000 in all."""
        change = opened(fresh_merchant(), pho(), at=at)
        order = attrs.evolve(change.order, currency=currency)
        return (await self.orders.create(Decision(change=attrs.evolve(change, order=order)), once=None)).order

    async def check_out(self, *, at: datetime = MORNING) -> Order:
        """Open an order and check it out two minutes later."""
        order = await self.open(at=at)
        decide = checking_out(at=at + timedelta(minutes=2))
        return (await self.orders.change(order.id, decide, merchant_id=None)).view.order

    async def pay(self, order: Order, amount: int, *, uid: str = "attempt-1", at: datetime = MORNING) -> None:
        """Let mq-pay tell of an attempt's success."""
        decide = paying(attempt(order.id, amount, uid=uid), at=at + timedelta(minutes=3))
        await self.orders.change(order.id, decide, merchant_id=None)

    async def cancel(self, order: Order) -> None:
        """Give an order up."""
        await self.orders.change(
            order.id,
            lambda now: Decision(change=now.cancel(reason="rain", at=MORNING + timedelta(hours=1), by="lan")),
            merchant_id=order.merchant_id,
        )

    async def seat(self, order: Order, name: str, *, at: datetime) -> None:
        """Give an order a table."""
        await self.orders.change(order.id, taking(name, at=at), merchant_id=None)

    async def lease(self) -> Lease:
        """Take the only shard there is."""
        layout = await self.outbox.add_layout(number=1, shards=1)
        await self.outbox.make_ready(layout)
        lease = await self.outbox.take(layout.parts()[0], owner="relay-1", lease_seconds=60)
        assert lease is not None
        return lease

    async def publish(self, lease: Lease, row: OutboxRow) -> None:
        """Read a row back from the log."""
        record = LogRecord(event_id=row.event_id, at=PublishedAt(topic=row.topic, partition=0, offset=7))
        positions = {Partition(topic=row.topic, number=0): 8}
        await self.outbox.settle(lease, cluster_id="c1", records=[record], positions=positions)


@asynccontextmanager
async def memory_shop() -> AsyncGenerator[Shop]:
    store = MemoryStore(clock=ManualClock())
    figures = MemoryFigures(store, count_up_to=MOST)
    yield Shop(
        orders=MemoryOrders(store),
        inbox=MemoryInbox(store),
        figures=figures,
        outbox=store.outbox,
        desk=MemoryOutboxDesk(store.outbox),
    )


@asynccontextmanager
async def postgres_shop(tables_url: str) -> AsyncGenerator[Shop]:
    async with await psycopg.AsyncConnection.connect(tables_url, autocommit=True) as connection:
        await connection.execute(
            "TRUNCATE sale_orders, outbox, parked_payments, relay_layouts, relay_shards, relay_offsets CASCADE"
        )
    async with Database(tables_url, patience=IMPATIENT) as database, PostgresRelayOutbox(tables_url) as outbox:
        figures = PostgresFigures(database, count_up_to=MOST)
        yield Shop(
            orders=PostgresOrders(database),
            inbox=PostgresInbox(database),
            figures=figures,
            outbox=outbox,
            desk=PostgresOutboxDesk(tables_url),
        )


@pytest.fixture
async def shop(tables_or_none: str | None) -> AsyncGenerator[Shop]:
    async with postgres_shop(tables_or_none) if tables_or_none else memory_shop() as found:
        yield found


async def test_an_empty_store_has_nothing_that_waits(shop: Shop) -> None:
    figures = await shop.figures.read()

    assert (figures.unpublished, figures.set_aside, figures.held_back, figures.parked) == (NOTHING,) * 4
    assert figures.active_usages == NOTHING
    assert figures.unallocated == {}
    assert figures.open_orders == dict.fromkeys(
        (OrderStatus.DRAFT, OrderStatus.PROCESSING, OrderStatus.PARTIAL), NOTHING
    )


async def test_open_orders_are_counted_by_status_since_they_were_opened(shop: Shop) -> None:
    earlier, earliest = MORNING - timedelta(hours=1), MORNING - timedelta(hours=2)
    await shop.open()
    await shop.open(at=earlier)
    await shop.check_out(at=earliest)
    await shop.pay(await shop.check_out(), 30_000)
    await shop.pay(await shop.check_out(at=earliest), 130_000)
    await shop.cancel(await shop.open(at=earliest))

    assert (await shop.figures.read()).open_orders == {
        OrderStatus.DRAFT: Backlog(count=2, oldest=earlier),
        OrderStatus.PROCESSING: Backlog(count=1, oldest=earliest),
        OrderStatus.PARTIAL: Backlog(count=1, oldest=MORNING),
    }


async def test_an_event_is_unpublished_until_it_was_read_back(shop: Shop) -> None:
    early, late = MORNING - timedelta(hours=1), MORNING
    await shop.pay(await shop.check_out(at=late), 130_000, at=late)
    await shop.pay(await shop.check_out(at=early), 130_000, at=early)
    before = (await shop.figures.read()).unpublished

    lease = await shop.lease()
    first, second = await shop.outbox.unpublished(lease, limit=10)
    await shop.publish(lease, first)
    between = (await shop.figures.read()).unpublished
    await shop.publish(lease, second)

    assert before == Backlog(count=2, oldest=first.occurred_at)
    assert between == Backlog(count=1, oldest=second.occurred_at)
    assert first.occurred_at < second.occurred_at
    assert (await shop.figures.read()).unpublished == NOTHING


async def test_a_row_that_was_set_aside_is_told_apart_and_what_waits_behind_it_is_no_lag(shop: Shop) -> None:
    order = await shop.check_out()
    await shop.pay(order, 30_000)
    await shop.pay(order, 100_000, uid="attempt-2")
    lease = await shop.lease()
    poison, behind = await shop.outbox.unpublished(lease, limit=10)
    assert (poison.seq, behind.seq) == (1, 2)

    await shop.outbox.set_aside(lease, event_id=poison.event_id, reason="too large")

    figures = await shop.figures.read()
    assert figures.unpublished == NOTHING
    assert figures.set_aside == Backlog(count=1, oldest=poison.occurred_at)
    assert figures.held_back == Backlog(count=1, oldest=behind.occurred_at)
    await shop.publish(lease, poison)
    figures = await shop.figures.read()
    assert (figures.unpublished.count, figures.set_aside, figures.held_back) == (1, NOTHING, NOTHING)


async def test_an_event_that_was_given_up_waits_for_nothing_and_holds_nothing_back(shop: Shop) -> None:
    order = await shop.check_out()
    await shop.pay(order, 30_000)
    await shop.pay(order, 100_000, uid="attempt-2")
    lease = await shop.lease()
    poison, behind = await shop.outbox.unpublished(lease, limit=10)
    await shop.outbox.set_aside(lease, event_id=poison.event_id, reason="too large")

    await shop.desk.release(poison.event_id, reason="booked by hand")

    figures = await shop.figures.read()
    assert figures.unpublished == Backlog(count=1, oldest=behind.occurred_at)
    assert (figures.set_aside, figures.held_back) == (NOTHING, NOTHING)


async def test_parked_payments_wait_since_they_came_first(shop: Shop) -> None:
    fact = attempt(OrderId(fresh_id(77)), 65_000)
    came = attrs.evolve(delivered(bucket=77), received_at=MORNING + timedelta(minutes=5))
    again, last = (attrs.evolve(delivered(bucket=77), received_at=MORNING + timedelta(minutes=9)) for _ in range(2))
    other = attempt(OrderId(fresh_id(77)), 65_000)

    await shop.inbox.park(fact, webhook=came)
    await shop.inbox.park(fact, webhook=again)
    await shop.inbox.park(other, webhook=last)

    assert (await shop.figures.read()).parked == Backlog(count=2, oldest=came.received_at)


async def test_money_that_pays_for_nothing_is_summed_exactly_by_currency(shop: Shop) -> None:
    await shop.pay(await shop.check_out(), 130_000)
    await shop.pay(await shop.check_out(), 150_000)
    early = attrs.evolve(attempt(OrderId(""), 0), amount=Decimal("0.0001"))
    draft = await shop.open()
    fact = attrs.evolve(early, source=attrs.evolve(early.source, id=draft.id))
    await shop.orders.change(draft.id, paying(fact), merchant_id=None)
    await shop.open(currency=Currency("THB"))
    foreign = await shop.open(currency=USD)
    await shop.pay(foreign, 12)
    await shop.cancel(foreign)

    assert (await shop.figures.read()).unallocated == {VND: Decimal("20000.0001"), USD: Decimal(12)}


async def test_tables_that_are_taken_are_counted_since_they_were(shop: Shop) -> None:
    early, late = MORNING + timedelta(minutes=5), MORNING + timedelta(minutes=9)
    first, second = await shop.open(), await shop.open()
    await shop.seat(first, "table-4", at=late)
    await shop.seat(second, "table-5", at=early)
    both = (await shop.figures.read()).active_usages
    await shop.cancel(second)

    assert both == Backlog(count=2, oldest=early)
    assert (await shop.figures.read()).active_usages == Backlog(count=1, oldest=late)


async def test_a_large_backlog_is_counted_so_far_and_its_oldest_is_still_the_oldest(shop: Shop) -> None:
    hours = [3, 1, 5, 2, 4]
    for hour in hours:
        await shop.open(at=MORNING + timedelta(hours=hour))
        webhook = attrs.evolve(delivered(bucket=77), received_at=MORNING + timedelta(hours=hour))
        await shop.inbox.park(attempt(OrderId(fresh_id(77)), 65_000), webhook=webhook)
        await shop.pay(await shop.check_out(), 130_000, at=MORNING + timedelta(hours=hour))

    figures = await shop.figures.read()
    oldest = MORNING + timedelta(hours=1)
    assert figures.open_orders[OrderStatus.DRAFT] == Backlog(count=MOST, oldest=oldest)
    assert figures.parked == Backlog(count=MOST, oldest=oldest)
    assert figures.unpublished == Backlog(count=MOST, oldest=oldest + timedelta(minutes=3))


async def test_a_store_in_memory_that_is_away_says_so() -> None:
    store = MemoryStore(clock=ManualClock(), fail_with=StoreUnavailable(reason="gone"))

    with pytest.raises(StoreUnavailable):
        await MemoryFigures(store).read()


async def test_a_database_that_is_away_says_so() -> None:
    nowhere = f"postgresql://127.0.0.1:{free_ports(1)[0]}/sale"
    impatient = attrs.evolve(IMPATIENT, connection_seconds=0.2)
    async with Database(nowhere, patience=impatient) as database:
        with pytest.raises(StoreUnavailable):
            await PostgresFigures(database).read()


async def test_a_database_without_tables_says_so(postgres_url: str) -> None:
    async with Database(postgres_url, patience=IMPATIENT) as database:
        with pytest.raises(StoreUnavailable, match="does not exist"):
            await PostgresFigures(database).read()
