"""One socket of the stream without a network, so that the test says what happens while something else waits."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from bare_socket import connected, expiring, until
from counter import item, opened
from sale_adapters.memory import MemoryFeed
from sale_adapters.web.stream import FeedTail, Stream, StreamLimits, socket
from sale_adapters.web.stream.lines import TICKETS
from sale_app.composition import InMemorySale
from sale_domain.ids import MerchantId
from sale_domain.permissions import Effect, Permission
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.orders import NumberedEntry
from stream_world import ORDERS


async def test_nothing_is_shown_to_one_whose_token_has_expired(shop: InMemorySale) -> None:
    seconds = [0.0]
    stream = Stream(shop.sale, tail=shop.tail, monotonic=lambda: seconds[0])
    async with connected(stream, token=expiring(shop, seconds=10)) as client:
        client.say("subscribe", topics=[ORDERS])
        await client.until_event("subscribed")
        seconds[0] = 10.0
        await opened(shop, item("pho"))
        await until(lambda: client.closed is not None)
    assert client.closed == (4003, "The token has expired.")
    assert client.seen == []


async def test_the_socket_ends_with_its_token_also_while_a_subscription_is_being_checked(shop: InMemorySale) -> None:
    asked = asyncio.Event()

    async def slow(_role: str, _permission: Permission) -> Effect | None:
        asked.set()
        await asyncio.Event().wait()
        return Effect.ALLOW

    shop.policies.effect = slow  # type: ignore[method-assign, assignment]  # an identity that never answers
    stream = Stream(shop.sale, tail=shop.tail)
    async with connected(stream, token=expiring(shop, seconds=0.3)) as client:
        client.say("subscribe", topics=[ORDERS])
        await asked.wait()
        await until(lambda: client.closed is not None)
        assert client.closed == (4003, "The token has expired.")


class OldPages(MemoryFeed):
    """Holds back, or refuses, the first page that somebody who comes back asks for."""

    asked: asyncio.Event
    answer: asyncio.Event
    fails = False

    async def since(
        self, positions: Mapping[MerchantId, int], *, limit: int
    ) -> Mapping[MerchantId, Sequence[NumberedEntry]]:
        found = await super().since(positions, limit=limit)
        if set(positions.values()) == {0} and not self.asked.is_set():
            self.asked.set()
            await self.answer.wait()
            if self.fails:
                raise StoreUnavailable(reason="gone for a moment")
        return found


@pytest.fixture
def feed(shop: InMemorySale) -> OldPages:
    feed = OldPages(shop.store)
    feed.asked, feed.answer = asyncio.Event(), asyncio.Event()
    return feed


async def test_a_page_that_could_not_be_read_is_read_again_though_nothing_else_happens(
    shop: InMemorySale, feed: OldPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "_STORE_AWAY_SECONDS", 0.01)
    for _ in range(3):
        await opened(shop, item("pho"))
    feed.fails = True
    feed.answer.set()
    stream = Stream(shop.sale, tail=FeedTail(feed, poll_seconds=60))
    async with connected(stream) as client:
        client.say("subscribe", topics=[ORDERS], since=0)
        await until(lambda: client.seen == [1, 2, 3])
    assert feed.asked.is_set()


async def test_nothing_is_shown_to_one_whose_token_expires_while_a_page_is_read(
    shop: InMemorySale, feed: OldPages
) -> None:
    seconds = [0.0]
    await opened(shop, item("pho"))
    stream = Stream(shop.sale, tail=FeedTail(feed, poll_seconds=60), monotonic=lambda: seconds[0])
    async with connected(stream, token=expiring(shop, seconds=10)) as client:
        client.say("subscribe", topics=[ORDERS], since=0)
        await feed.asked.wait()
        seconds[0] = 10.0
        feed.answer.set()
        await until(lambda: client.closed is not None)
    assert client.closed == (4003, "The token has expired.")
    assert client.seen == []


async def test_a_page_for_an_earlier_subscription_is_not_shown_to_the_next(shop: InMemorySale, feed: OldPages) -> None:
    await opened(shop, item("pho"))
    stream = Stream(shop.sale, tail=FeedTail(feed, poll_seconds=60))
    async with connected(stream) as client:
        client.say("subscribe", topics=[ORDERS], since=0)
        await client.until_event("subscribed")
        await feed.asked.wait()
        client.say("subscribe", topics=[TICKETS])
        client.say("heartbeat")
        # What is said is heard one by one: once the second is taken, the first is done.
        await until(client.said.empty)
        feed.answer.set()
        await until(lambda: [said.get("event") for said in client.heard].count("subscribed") == 2)
    assert client.seen == []


async def test_who_comes_back_so_slowly_that_it_is_too_far_behind_again_is_told_to_read_anew(
    shop: InMemorySale, feed: OldPages
) -> None:
    for _ in range(3):
        await opened(shop, item("pho"))
    tail = FeedTail(feed, poll_seconds=60, keep=2)
    stream = Stream(shop.sale, tail=tail, limits=StreamLimits(resume=5))
    async with connected(stream) as client:
        client.say("subscribe", topics=[ORDERS], since=0)
        await feed.asked.wait()
        async with tail.watched(MerchantId("merchant-1"), lambda: None) as watched:
            # What the page held at first is three changes; meanwhile nine more have come.
            for _ in range(9):
                await opened(shop, item("pho"))
            tail.wake()
            await until(lambda: watched.head == 12)
        feed.answer.set()
        await client.until_event("resync")
    assert client.seen == [1, 2, 3]
