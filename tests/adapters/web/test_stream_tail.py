"""What screens are shown, and when: the tail of the feed, the chain of `prev`, and falling behind."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack

import attrs
import pytest

from orders_world import MORNING, fresh_merchant, opened, pho
from sale_adapters.memory import ManualClock, MemoryFeed, MemoryStore
from sale_adapters.web.stream.follower import Follower, Pace, starting_at
from sale_adapters.web.stream.lines import ORDERS, PERMISSIONS, TICKETS, USAGES, Line, Subscription
from sale_adapters.web.stream.tail import PAGE, FeedTail, MerchantTail
from sale_adapters.wire.frames import FrameData
from sale_domain.feed import Topic
from sale_domain.ids import MerchantId
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.orders import NumberedEntry

MERCHANT = MerchantId("merchant-1")


class CountedFeed(MemoryFeed):
    """Counts what the store is asked."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.asked: list[str] = []

    async def heads(self, merchants: Collection[MerchantId]) -> Mapping[MerchantId, int]:
        self.asked.append("heads")
        return await super().heads(merchants)

    async def since(
        self, positions: Mapping[MerchantId, int], *, limit: int
    ) -> Mapping[MerchantId, Sequence[NumberedEntry]]:
        self.asked.append("since")
        return await super().since(positions, limit=limit)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(clock=ManualClock())


def sell(store: MemoryStore, count: int = 1, *, merchant: MerchantId = MERCHANT) -> None:
    for _ in range(count):
        store.feeds[merchant] += opened(fresh_merchant(), pho(), at=MORNING).entries


def nothing() -> None:
    """Watch without looking."""


async def grown(tail: MerchantTail, head: int) -> None:
    async with asyncio.timeout(10):
        while tail.head < head:  # noqa: ASYNC110 - a test's watcher
            await asyncio.sleep(0.001)


async def read(feed: CountedFeed) -> None:
    """Wait until the tail has had its first look, and waits to be woken."""
    async with asyncio.timeout(10):
        while "since" not in feed.asked:  # noqa: ASYNC110 - a test's store
            await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)


def line(seq: int, *, topic: str = ORDERS, **room: str) -> Line:
    data = FrameData(action="A", id="x", merchant_id=MERCHANT, version=1, status="S", at=MORNING, by="lan")
    return Line(seq=seq, topic=topic, data=attrs.evolve(data, **room), opening='{"topic":"t","data":{}')  # type: ignore[arg-type]  # rooms are text


# --- the tail --------------------------------------------------------------------------------------------------------


async def test_one_read_serves_everybody_who_watches(store: MemoryStore) -> None:
    feed = CountedFeed(store)
    tail = FeedTail(feed, poll_seconds=60)
    rung: list[int] = []
    async with (
        tail.watched(MERCHANT, lambda: rung.append(1)) as one,
        tail.watched(MERCHANT, lambda: rung.append(2)) as same,
        tail.watched(MerchantId("merchant-2"), nothing),
    ):
        assert one is same
        await read(feed)
        feed.asked.clear()
        sell(store, 3)
        tail.wake()
        await grown(one, 3)
        assert [each.seq for each in one.behind(0, most=10) or ()] == [1, 2, 3]
        assert sorted(rung) == [1, 2]
        assert feed.asked == ["since"]


async def test_without_a_wake_up_the_slow_poll_finds_it(store: MemoryStore) -> None:
    tail = FeedTail(MemoryFeed(store), poll_seconds=0.02)
    async with tail.watched(MERCHANT, nothing) as watched:
        await asyncio.sleep(0.05)
        sell(store)
        await grown(watched, 1)


async def test_a_long_way_is_gone_in_several_reads_without_waiting(store: MemoryStore) -> None:
    tail = FeedTail(MemoryFeed(store), poll_seconds=60)
    async with tail.watched(MERCHANT, nothing) as watched:
        sell(store, 2 * PAGE + 1)
        tail.wake()
        await grown(watched, 2 * PAGE + 1)


async def test_a_store_that_was_away_is_come_back_to(store: MemoryStore) -> None:
    tail = FeedTail(MemoryFeed(store), poll_seconds=0.01)
    async with tail.watched(MERCHANT, nothing) as watched:
        store.fail_with = StoreUnavailable(reason="gone")
        sell(store)
        tail.wake()
        await asyncio.sleep(0.05)
        assert watched.head == 0
        store.fail_with = None
        await grown(watched, 1)


async def test_a_bug_in_one_read_blinds_nobody_for_ever(store: MemoryStore) -> None:
    feed = MemoryFeed(store)
    tail = FeedTail(feed, poll_seconds=0.01)
    good, feed.since = feed.since, None  # type: ignore[method-assign, assignment]  # a bug
    async with tail.watched(MERCHANT, nothing) as watched:
        await asyncio.sleep(0.03)
        feed.since = good  # type: ignore[method-assign]  # mended
        sell(store)
        await grown(watched, 1)


async def test_a_store_that_is_away_is_waited_for_once_and_not_by_one_screen_after_the_other(
    store: MemoryStore,
) -> None:
    feed = CountedFeed(store)
    tail = FeedTail(feed, poll_seconds=0.05)
    store.fail_with = StoreUnavailable(reason="gone")

    async def watched(n: int) -> None:
        async with tail.watched(MerchantId(f"merchant-{n}"), nothing):
            pass

    refused = await asyncio.gather(*map(watched, range(30)), return_exceptions=True)
    assert {type(refusal) for refusal in refused} == {StoreUnavailable}
    assert feed.asked == ["heads"]
    store.fail_with = None
    await asyncio.sleep(0.06)
    await watched(1)


async def test_all_who_come_at_once_share_one_tail_and_one_read(store: MemoryStore) -> None:
    feed = CountedFeed(store)
    tail = FeedTail(feed, poll_seconds=60)
    rung: list[int] = []

    async def watched(n: int) -> None:
        async with tail.watched(MERCHANT, lambda: rung.append(n)) as mine:
            await read(feed)
            if n == 0:
                sell(store)
                tail.wake()
            await grown(mine, 1)

    await asyncio.gather(watched(0), watched(1))
    assert sorted(set(rung)) == [0, 1]
    assert feed.asked.count("heads") == 1


async def test_what_was_read_for_one_who_has_gone_is_not_shown_again_to_the_next(store: MemoryStore) -> None:
    sell(store, 3)
    entries = (await MemoryFeed(store).since({MERCHANT: 0}, limit=3))[MERCHANT]
    tail = FeedTail(MemoryFeed(store), poll_seconds=60)
    async with tail.watched(MERCHANT, nothing) as watched:
        assert watched.head == 3
        sell(store)
        watched.grow(entries)
        watched.grow((await MemoryFeed(store).since({MERCHANT: 0}, limit=4))[MERCHANT])
        assert [each.seq for each in watched.newest] == [4]


async def test_nobody_who_watches_means_nothing_is_read(store: MemoryStore) -> None:
    feed = CountedFeed(store)
    tail = FeedTail(feed, poll_seconds=0.01)
    async with tail.watched(MERCHANT, nothing):
        pass
    await asyncio.sleep(0.03)
    feed.asked.clear()
    await asyncio.sleep(0.05)
    assert feed.asked == []
    sell(store)
    async with tail.watched(MERCHANT, nothing) as again:
        assert again.head == 1
        sell(store)
        await grown(again, 2)


async def test_only_so_many_changes_are_kept(store: MemoryStore) -> None:
    tail = FeedTail(MemoryFeed(store), poll_seconds=60, keep=5)
    async with tail.watched(MERCHANT, nothing) as watched:
        sell(store, 12)
        tail.wake()
        await grown(watched, 12)
        assert watched.behind(6, most=10) is None
        assert [each.seq for each in watched.behind(7, most=3) or ()] == [8, 9, 10]
        assert watched.behind(12, most=3) == []
        assert watched.behind(99, most=3) == []


async def test_only_so_many_changes_of_all_merchants_are_kept_and_the_quietest_make_room(store: MemoryStore) -> None:
    tail = FeedTail(MemoryFeed(store), poll_seconds=60, keep=5, keep_in_all=12)
    merchants = [MerchantId(f"merchant-{n}") for n in range(6)]
    async with AsyncExitStack() as watching:
        tails = [await watching.enter_async_context(tail.watched(each, nothing)) for each in merchants]
        for merchant, watched in zip(merchants, tails, strict=True):
            sell(store, 4, merchant=merchant)
            tail.wake()
            await grown(watched, 4)
        assert [len(each.newest) for each in tails] == [0, 0, 0, 4, 4, 4]

        # Who watches a quiet merchant has seen what was dropped, and goes on without a gap.
        sell(store, merchant=merchants[0])
        tail.wake()
        await grown(tails[0], 5)
        assert [each.seq for each in tails[0].behind(4, most=10) or ()] == [5]
        assert tails[0].behind(3, most=10) is None
        assert [len(each.newest) for each in tails] == [1, 0, 0, 0, 4, 4]


async def test_one_merchant_keeps_its_changes_however_little_is_kept_in_all(store: MemoryStore) -> None:
    tail = FeedTail(MemoryFeed(store), poll_seconds=60, keep=5, keep_in_all=1)
    async with tail.watched(MERCHANT, nothing) as watched:
        sell(store, 4)
        tail.wake()
        await grown(watched, 4)
        assert [each.seq for each in watched.behind(0, most=10) or ()] == [1, 2, 3, 4]


async def test_a_command_of_any_size_leaves_nobody_behind_who_takes_what_is_there(store: MemoryStore) -> None:
    tail = FeedTail(MemoryFeed(store), poll_seconds=60, keep=PAGE)
    more, seen = asyncio.Event(), 0
    async with tail.watched(MERCHANT, more.set) as watched, asyncio.timeout(10):
        sell(store, 3 * PAGE)
        tail.wake()
        while seen < 3 * PAGE:
            await more.wait()
            more.clear()
            lines = watched.behind(seen, most=PAGE)
            assert lines is not None, f"what follows {seen} was pushed out"
            seen += len(lines)


async def test_what_lies_further_back_is_read_from_the_history(store: MemoryStore) -> None:
    sell(store, PAGE + 5)
    tail = FeedTail(MemoryFeed(store))
    assert [each.seq for each in await tail.page(MERCHANT, 3)] == list(range(4, PAGE + 4))
    assert await tail.page(MERCHANT, PAGE + 5) == []


async def test_nobody_reads_across_a_gap_that_must_not_be(store: MemoryStore) -> None:
    sell(store, 3)
    first, _, third = (await MemoryFeed(store).since({MERCHANT: 0}, limit=3))[MERCHANT]
    tail = FeedTail(MemoryFeed(store), keep=5)
    async with tail.watched(MerchantId("another"), nothing) as watched:
        watched.grow([first, third])
        assert watched.behind(0, most=5) is None
        assert watched.behind(1, most=5) is None
        assert [each.seq for each in watched.behind(2, most=5) or ()] == [3]


# --- what a screen sees ----------------------------------------------------------------------------------------------


def test_every_topic_of_the_history_may_be_followed_by_who_may_list_its_things() -> None:
    assert {topic.value for topic in Topic} <= set(PERMISSIONS)


def test_each_frame_names_the_one_before_it() -> None:
    follower = Follower(subscription=Subscription(topics=(ORDERS,)), position=4)
    frames = follower.frames([line(5), line(6, topic=TICKETS), line(7)])
    assert [json.loads(text) for text in frames] == [
        {"topic": "t", "data": {}, "seq": 5, "prev": 4},
        {"topic": "t", "data": {}, "seq": 7, "prev": 5},
    ]
    assert (follower.position, follower.prev) == (7, 7)


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"station_id": "grill"}, [1, 2, 4, 5, 6]),
        ({"unit_id": "table-4"}, [1, 2, 3, 4, 6]),
        ({"unit_id": "table-6"}, [1, 2, 3, 6]),
        ({"zone_id": "terrace"}, [1, 2, 3, 5]),
        ({"unit_id": "table-4", "zone_id": "terrace"}, [1, 2, 3]),
    ],
)
def test_a_room_chooses_among_the_things_that_have_one(room: dict[str, str], shown: list[int]) -> None:
    feed = [
        line(1),
        line(2, topic=TICKETS, station_id="grill"),
        line(3, topic=TICKETS, station_id="bar"),
        line(4, topic=USAGES, unit_id="table-4", zone_id="hall"),
        line(5, topic=USAGES, unit_id="table-5", zone_id="terrace"),
        line(6, topic=USAGES, unit_id="table-6", from_unit_id="table-4", zone_id="hall"),
    ]
    follower = Follower(subscription=Subscription(topics=(ORDERS, TICKETS, USAGES), **room), position=0)  # type: ignore[arg-type]  # rooms are text
    assert [json.loads(text)["seq"] for text in follower.frames(feed)] == shown


def test_a_ticket_without_a_station_is_in_no_room() -> None:
    assert not Subscription(topics=(TICKETS,), station_id="grill").shows(line(1, topic=TICKETS))


@pytest.mark.parametrize(
    ("since", "position", "gave_up"),
    [(None, 100, False), (100, 100, False), (90, 90, False), (89, 100, True), (101, 100, True), (0, 100, True)],
)
def test_a_subscription_begins_where_it_can(since: int | None, position: int, *, gave_up: bool) -> None:
    wanted = Subscription(topics=(ORDERS,), since=since)
    follower, gave_it_up = starting_at(wanted, head=100, resume=10)
    assert (follower.position, follower.prev, gave_it_up) == (position, position, gave_up)


def test_who_falls_behind_again_so_soon_cannot_keep_up() -> None:
    follower = Follower(subscription=Subscription(topics=(ORDERS,)), position=4)
    follower.frames([line(5)])
    assert follower.fall_behind(head=900, now=10.0, recovery_seconds=60) is Pace.RESYNC
    assert (follower.position, follower.prev) == (900, 5)
    assert follower.fall_behind(head=1_800, now=70.0, recovery_seconds=60) is Pace.RESYNC
    assert follower.fall_behind(head=2_700, now=129.9, recovery_seconds=60) is Pace.HOPELESS
