"""Screens that do not read: they are told that they missed something, or are left, and hurt nobody."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import attrs
import pytest
import uvicorn

from orders_world import MORNING, fresh_merchant, opened, pho
from sale_adapters.memory import MemoryFeed
from sale_adapters.web import create_app
from sale_adapters.web.stream import FeedTail, Stream, StreamLimits
from sale_adapters.web.stream.tail import PAGE
from sale_app import asgi, protocols
from sale_app.composition import InMemorySale
from sale_domain.ids import MerchantId
from stream_world import running_on_a_free_port, screen

MERCHANT = MerchantId("merchant-1")
SMALL = 4_096
KEEP = 50


@attrs.frozen(kw_only=True)
class World:
    """A shop behind a server that soon feels when a client does not read."""

    shop: InMemorySale
    tail: FeedTail
    server: uvicorn.Server
    address: str

    async def sell(self, count: int) -> None:
        """Commit some changes, a few at a time, as fast as those who read can follow."""
        for _ in range(count // 10):
            for _ in range(10):
                self.shop.store.feeds[MERCHANT] += opened(fresh_merchant(), pho(), at=MORNING).entries
            self.tail.wake()
            await asyncio.sleep(0.01)


@pytest.fixture
def limits() -> StreamLimits:
    return StreamLimits(resume=100_000)


@pytest.fixture
def keep() -> int:
    return KEEP


@pytest.fixture
async def world(
    shop: InMemorySale, limits: StreamLimits, keep: int, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    monkeypatch.setattr(protocols, "_SEND_BUFFER", SMALL)

    async def readiness() -> Mapping[str, str | None]:
        return {}

    tail = FeedTail(MemoryFeed(shop.store), poll_seconds=0.1, keep=keep)
    stream = Stream(shop.sale, tail=tail, limits=limits, metrics=shop.metrics)
    server = asgi.server(create_app(shop.sale, readiness=readiness, stream=stream), log_level="critical")
    async with running_on_a_free_port(server) as address:
        yield World(shop=shop, tail=tail, server=server, address=address)


async def test_a_stalled_screen_hurts_nobody_and_learns_that_it_missed_something(world: World) -> None:
    async with screen(world.address) as good, screen(world.address, receive_buffer=SMALL) as stalled:
        await good.subscribe()
        # Also one who once came back is not told for ever what it does not read.
        await stalled.subscribe(since=0)
        reading = asyncio.create_task(good.follow(1_000))
        await world.sell(1_000)
        await reading
        assert good.seen == list(range(1, 1_001))

        async with asyncio.timeout(20):
            while not stalled.resyncs:
                await stalled.hear()
        missed_from = stalled.seen[-1]
        assert stalled.seen == list(range(1, missed_from + 1))
        await world.sell(10)
        await stalled.follow(1_010)
        assert stalled.seen[missed_from:] == list(range(1_001, 1_011))


async def test_who_falls_behind_again_is_left(world: World) -> None:
    async with screen(world.address, receive_buffer=SMALL) as stalled:
        await stalled.subscribe()
        await world.sell(1_000)
        async with asyncio.timeout(20):
            while not stalled.resyncs:
                await stalled.hear()
        await world.sell(1_000)
        assert await stalled.closed() == (1013, "Too slow: behind again so soon after a resync.")


async def test_who_comes_back_from_far_is_told_everything_at_the_speed_at_which_it_reads(world: World) -> None:
    many = 3 * PAGE + 7
    await world.sell(many - many % 10)
    async with screen(world.address, receive_buffer=SMALL) as back:
        assert await back.subscribe(since=0) == 0
        await asyncio.sleep(0.2)
        await world.sell(100)
        await back.follow(many - many % 10 + 100)
    assert back.seen == list(range(1, many - many % 10 + 101))
    assert back.resyncs == 0


class TestWhoNeverReads:
    """Gets a short time, and then its socket is cut, whatever is still to be sent."""

    @pytest.fixture
    def limits(self) -> StreamLimits:
        return StreamLimits(stalled_seconds=0.2)

    @pytest.fixture
    def keep(self) -> int:
        """Keep so much that nobody ever falls behind: only the stalled socket can be the reason."""
        return 100_000

    async def test_is_cut_off(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(protocols, "_FLUSH_SECONDS", 0.2)
        async with screen(world.address, receive_buffer=SMALL) as stalled:
            await stalled.subscribe()
            assert len(world.server.server_state.connections) == 1
            await world.sell(1_000)
            async with asyncio.timeout(20):
                while world.server.server_state.connections:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(0.02)
            _, text = await world.shop.metrics.exposition()
            assert 'sale_stream_closes_total{code="1013"} 1.0' in text.decode()
