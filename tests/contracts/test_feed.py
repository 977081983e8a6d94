"""What every feed promises those who follow it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import pytest

from orders_world import MORNING, adding, attempt, checking_out, fresh_merchant, opened, paying, pho
from sale_adapters.embedded import free_ports
from sale_adapters.memory import ManualClock, MemoryFeed, MemoryOrders, MemoryStore
from sale_adapters.postgres import Database, PostgresFeed, PostgresOrders
from sale_domain.ids import MerchantId
from sale_domain.orders import Order
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.feed import Feed
from sale_domain.ports.orders import Decision, Orders
from stores import IMPATIENT


@attrs.frozen(kw_only=True)
class Shop:
    """A store's orders and its feed."""

    orders: Orders
    feed: Feed

    async def open(self, merchant_id: MerchantId) -> Order:
        """Open an order of two phở bò: one entry."""
        return (await self.orders.create(Decision(change=opened(merchant_id, pho())), once=None)).order


@asynccontextmanager
async def postgres_shop(tables_url: str) -> AsyncGenerator[Shop]:
    async with Database(tables_url, patience=IMPATIENT) as database:
        yield Shop(orders=PostgresOrders(database), feed=PostgresFeed(database))


@pytest.fixture
async def shop(tables_or_none: str | None) -> AsyncGenerator[Shop]:
    if tables_or_none is None:
        store = MemoryStore(clock=ManualClock())
        yield Shop(orders=MemoryOrders(store), feed=MemoryFeed(store))
        return
    async with postgres_shop(tables_or_none) as found:
        yield found


async def test_a_merchant_without_a_history_is_at_0_and_has_nothing_to_tell(shop: Shop) -> None:
    merchant = fresh_merchant()
    assert await shop.feed.heads([merchant]) == {merchant: 0}
    assert await shop.feed.since({merchant: 0}, limit=10) == {}
    assert await shop.feed.heads([]) == {}
    assert await shop.feed.since({}, limit=10) == {}


async def test_every_change_is_told_with_all_that_the_history_has(shop: Shop) -> None:
    merchant = fresh_merchant()
    order = await shop.open(merchant)
    await shop.orders.change(order.id, adding(pho(note="no onions")), merchant_id=merchant)
    await shop.orders.change(order.id, checking_out(), merchant_id=merchant)
    await shop.orders.change(order.id, paying(attempt(order.id, 65_000)), merchant_id=None)

    told = (await shop.feed.since({merchant: 0}, limit=10))[merchant]

    assert tuple(told) == (await shop.orders.history(order.id, merchant_id=merchant)).entries
    assert [(row.n, row.entry.action.value, row.entry.version) for row in told] == [
        (1, "ORDER_CREATED", 1),
        (2, "ORDER_UPDATED", 2),
        (3, "ORDER_CHECKED_OUT", 3),
        (4, "ORDER_PAYMENT_UPDATED", 4),
    ]
    assert told[0].entry.at == MORNING


async def test_only_what_lies_behind_the_position_is_told_oldest_first_and_no_more_than_is_asked_for(
    shop: Shop,
) -> None:
    merchant = fresh_merchant()
    for _ in range(5):
        await shop.open(merchant)
    page = await shop.feed.since({merchant: 1}, limit=3)
    assert [row.n for row in page[merchant]] == [2, 3, 4]
    rest = await shop.feed.since({merchant: 4}, limit=3)
    assert [row.n for row in rest[merchant]] == [5]
    assert await shop.feed.since({merchant: 5}, limit=3) == {}
    assert await shop.feed.since({merchant: 77}, limit=3) == {}


async def test_several_merchants_are_read_at_once_and_each_from_its_own_position(shop: Shop) -> None:
    one, other, quiet = fresh_merchant(), fresh_merchant(), fresh_merchant()
    for merchant in (one, other, one, other, one):
        await shop.open(merchant)
    found = await shop.feed.since({one: 2, other: 0, quiet: 0}, limit=10)
    assert {merchant: [row.n for row in rows] for merchant, rows in found.items()} == {one: [3], other: [1, 2]}
    assert await shop.feed.heads([one, quiet, other]) == {one: 3, other: 2, quiet: 0}


async def test_a_merchants_name_is_only_a_name(shop: Shop) -> None:
    strange = MerchantId(f'{fresh_merchant()} "{{,}}\\ phở')
    await shop.open(strange)
    assert await shop.feed.heads([strange]) == {strange: 1}
    assert [row.n for row in (await shop.feed.since({strange: 0}, limit=10))[strange]] == [1]


async def test_whoever_follows_while_others_sell_sees_every_change_once_and_in_order(shop: Shop) -> None:
    merchant, seen, sold = fresh_merchant(), list[int](), 24

    async def sell() -> None:
        order = await shop.open(merchant)
        for _ in range(2):
            await shop.orders.change(order.id, adding(pho()), merchant_id=merchant)

    async def follow() -> None:
        while len(seen) < sold:
            found = await shop.feed.since({merchant: seen[-1] if seen else 0}, limit=5)
            seen.extend(row.n for row in found.get(merchant, ()))

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(follow())
        for _ in range(sold // 3):
            group.create_task(sell())
    assert seen == list(range(1, sold + 1))


async def test_a_store_that_is_away_says_so() -> None:
    store = MemoryStore(clock=ManualClock(), fail_with=StoreUnavailable(reason="gone"))
    with pytest.raises(StoreUnavailable):
        await MemoryFeed(store).heads([fresh_merchant()])
    with pytest.raises(StoreUnavailable):
        await MemoryFeed(store).since({fresh_merchant(): 0}, limit=1)
    nowhere = f"postgresql://127.0.0.1:{free_ports(1)[0]}/sale"
    async with Database(nowhere, patience=attrs.evolve(IMPATIENT, connection_seconds=0.2)) as database:
        with pytest.raises(StoreUnavailable):
            await PostgresFeed(database).heads([fresh_merchant()])
