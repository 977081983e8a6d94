"""The reconciler's walk through the books of a played evening, in memory: how far it looks, and what it mends."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

import attrs
import pytest

import evening
import orders_world as world
from evening import CLOSING_TIME
from sale_adapters.memory import ManualClock, MemoryBooks, MemoryLogReader, MemoryOrders, MemoryStore
from sale_domain.errors import NotFound
from sale_domain.ids import MerchantId, OrderId, merchant_bucket
from sale_domain.order_errors import OrderChanged
from sale_domain.ports.reconciling import OrderStamp
from sale_domain.reconciliation import Check, Finding, Limits, Mend
from sale_domain.use_cases import reconciling
from sale_domain.use_cases.reconciling import Reconciliation, Scope, Seen, mend
from spoilt_books import Shop, SpoiltBooks, open_shop


@pytest.fixture
async def shop() -> Shop:
    return await open_shop()


async def test_after_a_played_evening_everything_agrees_and_all_of_it_was_looked_at(shop: Shop) -> None:
    everything = shop.reconciliation(merchant_id=None)
    so_far: list[tuple[int, int]] = []
    everything.moved = lambda seen: so_far.append((seen.orders, seen.events))
    assert [finding async for finding in everything.findings()] == []
    assert everything.seen == Seen(orders=6, events=10, records=10, expired=0, feed_numbers=30)
    assert so_far == [(6, 10)]
    for scope in ({}, {"sample": 20}, {"since": world.MORNING}):
        assert await shop.findings(**scope) == []


async def test_a_merchant_is_known_by_his_feed_his_orders_or_his_events(shop: Shop) -> None:
    walk, mine = shop.reconciliation(), shop.evening.merchant_id
    assert await walk.knows(mine)
    assert not await walk.knows(world.fresh_merchant())
    feed = shop.store.feeds.pop(mine)
    assert await walk.knows(mine)
    orders, shop.store.orders = shop.store.orders, {}
    assert await walk.knows(mine)
    shop.store.messages.clear()
    assert not await walk.knows(mine)
    shop.store.orders = orders
    assert await walk.knows(mine)
    assert feed


def neighbour(of: MerchantId) -> MerchantId:
    """Return another merchant whose things lie in the same bucket."""
    names = (MerchantId(f"neighbour-{number}") for number in count())
    return next(name for name in names if merchant_bucket(name) == merchant_bucket(of))


async def test_another_merchants_things_are_not_ones_own_though_they_lie_in_one_bucket(shop: Shop) -> None:
    shop.books.received[shop.evening.partial] = Decimal(7)
    shop.store.orders.pop(shop.evening.eaten)
    mai = neighbour(shop.evening.merchant_id)
    assert await shop.findings(merchant_id=mai) == []
    assert not await shop.reconciliation().knows(mai)
    mine = [(Check.MONEY, shop.evening.partial), (Check.EVENT_ORPHANED, shop.evening.eaten)]
    assert await shop.told() == await shop.told(merchant_id=None) == mine


async def test_of_one_merchant_only_the_bucket_is_read_that_is_his(shop: Shop) -> None:
    read: set[int] = set()

    class NotedBooks(SpoiltBooks):
        async def orders(
            self, bucket: int, *, merchant_id: MerchantId | None, after: OrderId | None, limit: int
        ) -> tuple[OrderStamp, ...]:
            read.add(bucket)
            return await super().orders(bucket, merchant_id=merchant_id, after=after, limit=limit)

    shop.books = NotedBooks(store=shop.store)
    assert await shop.findings() == []
    assert read == {merchant_bucket(shop.evening.merchant_id)}


async def test_with_several_merchants_all_is_looked_at_of_each(shop: Shop) -> None:
    await evening.play(shop.orders)
    gone = await world.create(shop.orders)  # of a third, who has nothing but a feed
    shop.store.orders.pop(gone.id)
    walk = shop.reconciliation(merchant_id=None, at=timedelta(days=2))
    found = [finding async for finding in walk.findings()]
    assert (walk.seen.orders, walk.seen.feed_numbers) == (12, 61)
    assert [finding.sentence.partition(" are ")[0] for finding in found] == [
        "4 orders",  # DRAFT
        "2 orders",  # PROCESSING
        "2 orders",  # PARTIAL
        "10 events",  # of the second merchant, which nobody has published
    ]


async def test_an_event_is_missed_for_as_long_as_its_row_is_kept(shop: Shop) -> None:
    first = next(message for message in shop.store.messages if message.order_id == shop.evening.partial)
    del shop.store.outbox.rows[first.event_id]
    paid_at = timedelta(minutes=3) - (CLOSING_TIME - world.MORNING)
    week = Limits(ages={}, events_kept=timedelta(days=7))
    missed = [(Check.EVENT_MISSING, shop.evening.partial), (Check.EVENT_GAP, shop.evening.partial)]
    assert await shop.told(limits=week) == missed
    assert await shop.told(limits=week, at=paid_at + timedelta(days=7)) == missed[:1]
    assert await shop.told(limits=week, at=paid_at + timedelta(days=7, microseconds=1)) == []


@pytest.mark.parametrize("size", [1, 2, 5])
async def test_however_small_the_pages_nothing_is_left_out(
    shop: Shop, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_STAMPS", "_ORDERS", "_FEED_ROWS"):
        monkeypatch.setattr(reconciling, name, size)
    walk = shop.reconciliation()
    assert [finding async for finding in walk.findings()] == []
    assert walk.seen == Seen(orders=6, events=10, records=10, expired=0, feed_numbers=30)
    for partition, content in shop.log.partitions.items():
        shop.log.trim(partition, first=len(content.places))
    walk = shop.reconciliation()
    assert [finding async for finding in walk.findings()] == []
    assert (walk.seen.records, walk.seen.expired) == (10, 10)


async def test_only_orders_that_have_changed_since_then_are_looked_at_and_feeds_back_to_then(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "_FEED_ROWS", 3)
    shop.books.received[shop.evening.partial] = Decimal(7)
    changed = (await shop.orders.find(shop.evening.partial, merchant_id=shop.evening.merchant_id)).order.updated_at
    assert await shop.told(since=changed) == [(Check.MONEY, shop.evening.partial)]
    assert await shop.findings(since=changed + timedelta(microseconds=1)) == []
    late = shop.reconciliation(since=CLOSING_TIME)
    assert [finding async for finding in late.findings()] == []
    assert (late.seen.orders, late.seen.feed_numbers) == (0, 3)
    paid = shop.reconciliation(since=shop.store.feeds[shop.evening.merchant_id][-3].at)
    assert [finding.check async for finding in paid.findings()] == [Check.MONEY]
    assert paid.seen.feed_numbers == 6  # what lies behind the first page may have happened at the same moment


async def test_a_sample_looks_at_as_many_changes_as_it_was_told_and_at_the_newest_part_of_the_feeds(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "_FEED_ROWS", 3)
    shop.books.received.update(dict.fromkeys(shop.store.orders, Decimal(7)))
    # Numbers are drawn from the newest change backwards: 0 is the feed's number 30.
    walk = shop.reconciliation(sample=1)
    newest = shop.store.feeds[shop.evening.merchant_id][-1].thing_id
    assert [(finding.check, finding.id) async for finding in walk.findings()] == [(Check.MONEY, newest)]
    assert walk.seen.feed_numbers == 3
    assert len(await shop.findings(sample=30)) == 6
    assert await shop.findings(sample=0) == []
    assert await shop.findings(sample=3, merchant_id=world.fresh_merchant()) == []


async def test_a_sample_is_drawn_from_every_merchants_feed_by_its_length() -> None:
    store = MemoryStore(clock=ManualClock())
    orders = MemoryOrders(store)
    merchants = ["merchant-a", "merchant-b", "merchant-c"]
    for merchant_id, sold in zip(merchants, (1, 2, 1), strict=True):
        for _ in range(sold):
            await world.create(orders, merchant_id=merchant_id)
    drawn: list[int] = []

    def draw(below: int) -> int:
        assert below == 4
        drawn.append(len(drawn))
        return drawn[-1]

    walk = Reconciliation(
        books=MemoryBooks(store=store),
        log=MemoryLogReader(log=evening.new_log()),
        clock=ManualClock(CLOSING_TIME),
        draw=draw,
        scope=Scope(sample=4),
    )
    assert [finding async for finding in walk.findings()] == []
    assert walk.seen == Seen(orders=4, feed_numbers=4)
    assert drawn == [0, 1, 2, 3]


async def test_an_order_that_cannot_be_read_or_compared_hides_no_other(shop: Shop) -> None:
    shop.books.unreadable.add(shop.evening.partial)
    shop.books.broken.add(shop.evening.eaten)
    shop.books.received[shop.evening.completed] = Decimal(7)
    found = {finding.id: finding for finding in await shop.findings()}
    assert set(found) == {shop.evening.partial, shop.evening.eaten, shop.evening.completed}
    assert found[shop.evening.partial] == Finding(
        check=Check.UNREADABLE,
        id=shop.evening.partial,
        sentence="A row of the order cannot be read, so nothing of it was compared: no JSON.",
    )
    assert found[shop.evening.eaten].check is Check.UNREADABLE
    assert "was compared: KeyError " in found[shop.evening.eaten].sentence


async def test_what_waits_of_a_merchant_without_a_feed_is_found(shop: Shop) -> None:
    del shop.store.feeds[shop.evening.merchant_id]
    shop.store.outbox.published.clear()
    shop.store.orders.clear()
    found = await shop.told(merchant_id=None, at=timedelta(hours=1))
    assert [check for check, _ in found] == [Check.EVENT_ORPHANED] * 4 + [Check.STUCK_UNPUBLISHED]


async def test_what_waits_is_found_however_small_the_sample(shop: Shop) -> None:
    assert [check for check, _ in await shop.told(sample=1, at=timedelta(days=2))] == [
        Check.STUCK_DRAFT,
        Check.STUCK_PROCESSING,
        Check.STUCK_PARTIAL,
    ]


async def test_stored_money_is_mended_with_a_history_entry(shop: Shop) -> None:
    shop.books.received[shop.evening.completed] = Decimal(700_000)
    (finding,) = await shop.findings()
    assert finding.mend is not None
    before = await shop.orders.find(shop.evening.completed, merchant_id=shop.evening.merchant_id)
    await mend(shop.orders, ManualClock(CLOSING_TIME), finding.mend)
    after = await shop.orders.find(shop.evening.completed, merchant_id=shop.evening.merchant_id)
    assert after.order == attrs.evolve(before.order, version=before.order.version + 1, updated_at=CLOSING_TIME)
    entry = shop.store.feeds[shop.evening.merchant_id][-1]
    assert (entry.by, entry.reason, entry.status) == ("sale-reconcile", "reconciled with its ledger", "COMPLETED")
    assert entry.data == {
        "received": {"from": Decimal(700_000), "to": Decimal(600_000)},
        "paid": {"from": Decimal(325_000), "to": Decimal(325_000)},
    }


async def test_nothing_is_mended_in_the_name_of_another_merchant(shop: Shop) -> None:
    shop.books.received[shop.evening.partial] = Decimal(70_000)
    (finding,) = await shop.findings()
    assert finding.mend is not None
    mais = attrs.evolve(finding.mend, merchant_id=neighbour(shop.evening.merchant_id))
    with pytest.raises(NotFound):
        await mend(shop.orders, ManualClock(CLOSING_TIME), mais)


@pytest.mark.parametrize(
    "meanwhile",
    [{"version": 2}, {"right": (Decimal(50_001), Decimal(50_000))}, {"right": (Decimal(50_000), Decimal(50_001))}],
)
async def test_an_order_that_has_changed_meanwhile_is_left_alone(shop: Shop, meanwhile: dict[str, object]) -> None:
    shop.books.received[shop.evening.partial] = Decimal(70_000)
    (finding,) = await shop.findings()
    assert finding.mend is not None
    stale: Mend = attrs.evolve(finding.mend, **meanwhile)  # type: ignore[arg-type]  # as named
    with pytest.raises(OrderChanged):
        await mend(shop.orders, ManualClock(CLOSING_TIME), stale)


async def test_a_sample_finds_a_hole_in_the_newest_part_of_a_feed(shop: Shop) -> None:
    shop.books.lost_numbers.add(30)
    assert await shop.told(sample=1) == [(Check.FEED_GAP, shop.evening.merchant_id)]


async def test_a_feed_that_is_all_gone_lacks_every_number(shop: Shop) -> None:
    shop.books.lost_numbers.update(range(1, 31))
    (finding,) = await shop.findings()
    assert finding.sentence == "The feed lacks numbers 1 to 30."
