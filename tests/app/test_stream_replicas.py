"""The stream of real processes on a real PostgreSQL and a real Redis: whatever dies, every screen sees all, once."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from replicas import Replicas, running_replicas
from stream_world import Screen, screen


@pytest.fixture
def polls_ms() -> tuple[int, ...]:
    """Return how often each replica polls: so seldom that only being woken can be the reason."""
    return (60_000, 60_000)


@pytest.fixture
async def world(tables_url: str, polls_ms: tuple[int, ...], tmp_path: Path) -> AsyncGenerator[Replicas]:
    async with running_replicas(tables_url, tmp_path, polls_ms=polls_ms) as found:
        yield found


async def watching(
    world: Replicas, stack: AsyncExitStack, *, count: int, replica: int, token: str, since: int | None = None
) -> list[Screen]:
    screens = []
    for _ in range(count):
        found = await stack.enter_async_context(screen(world.replicas[replica].address, token=token))
        await (found.subscribe() if since is None else found.subscribe(since=since))
        screens.append(found)
    return screens


async def all_follow(screens: Sequence[Screen], until: int, *, seconds: float = 120) -> None:
    await asyncio.gather(*(each.follow(until, seconds=seconds) for each in screens))


async def test_two_hundred_screens_at_two_replicas_see_every_change_once(world: Replicas) -> None:
    token = await world.token()
    async with AsyncExitStack() as stack:
        first = await world.sell(0, token=token)
        screens = [
            *await watching(world, stack, count=100, replica=0, token=token, since=first),
            *await watching(world, stack, count=100, replica=1, token=token, since=first),
        ]
        listening = asyncio.create_task(all_follow(screens, first + 40))
        for number in range(40):
            await world.sell(number % 2, token=token)
        await listening
    assert {tuple(each.seen) for each in screens} == {tuple(range(first + 1, first + 41))}


class TestKilled:
    """One replica, which would not look by itself, is killed; the other one looks often."""

    @pytest.fixture
    def polls_ms(self) -> tuple[int, ...]:
        return (60_000, 200)

    async def test_between_commit_and_broadcast_the_screens_go_on_elsewhere_and_have_missed_nothing(
        self, world: Replicas
    ) -> None:
        token = await world.token()
        async with AsyncExitStack() as stack:
            first = await world.sell(0, token=token)
            here = await watching(world, stack, count=10, replica=0, token=token, since=first)
            there = await watching(world, stack, count=10, replica=1, token=token, since=first)
            selling = asyncio.create_task(_sell_until_refused(world, token))
            await all_follow(here, first + 10)
            # Three changes are committed that nobody tells of, and then the replica dies in the midst of others.
            await world.sell_and_die(3)
            world.replicas[0].process.kill()
            await selling
            for each in here:
                await each.closed()
            assert not any(each.resyncs for each in here)

            again = [
                (old, *await watching(world, stack, count=1, replica=1, token=token, since=old.last)) for old in here
            ]
            last = await world.sell(1, token=token)
            await all_follow([*there, *(new for _, new in again)], last)
        everything = list(range(first + 1, last + 1))
        assert all(each.seen == everything for each in there)
        assert all(old.seen + new.seen == everything for old, new in again)
        assert last >= first + 14


async def _sell_until_refused(world: Replicas, token: str) -> None:
    try:
        while True:
            await world.sell(0, token=token)
    except httpx.HTTPError:
        return


class TestWithoutRedis:
    """The slow poll remains: here one replica looks by itself, and the other one only when it is woken."""

    @pytest.fixture
    def polls_ms(self) -> tuple[int, ...]:
        return (60_000, 300)

    async def test_the_screens_of_the_other_replica_are_only_later_and_a_redis_that_returns_is_used_again(
        self, world: Replicas
    ) -> None:
        token = await world.token()
        async with AsyncExitStack() as stack:
            first = await world.sell(0, token=token)
            polled = await watching(world, stack, count=5, replica=1, token=token, since=first)
            world.redis.process.kill()
            for number in range(1, 6):
                assert await world.sell(0, token=token) == first + number
            await all_follow(polled, first + 5)
            woken = await watching(world, stack, count=5, replica=0, token=token, since=first)
            await all_follow(woken, first + 5)
            await world.redis.start()
            for number in range(6, 11):
                assert await world.sell(1, token=token) == first + number
            # It looked just now, and looks by itself only after a minute.
            await all_follow([*polled, *woken], first + 10, seconds=30)
        assert {tuple(each.seen) for each in [*polled, *woken]} == {tuple(range(first + 1, first + 11))}


class TestAlone:
    """One replica is enough."""

    @pytest.fixture
    def polls_ms(self) -> tuple[int, ...]:
        return (60_000,)

    async def test_a_token_is_good_until_it_expires_and_another_merchants_topic_is_refused(
        self, world: Replicas
    ) -> None:
        address = world.replicas[0].address
        async with screen(address, token=await world.token(expiresIn=3)) as short:
            await short.subscribe()
            assert await short.closed() == (4003, "The token has expired.")
        async with screen(address, token=None) as stranger:
            await stranger.say("authenticate", type="Bearer", token=await world.token(), merchantId="merchant-2")
            assert (await stranger.closed())[0] == 4003
        async with screen(address, token=None) as late:
            await late.say(
                "authenticate", type="Bearer", token=await world.token(expiresIn=-1), merchantId="merchant-1"
            )
            assert (await late.closed())[0] == 4003

    async def test_a_replica_that_is_told_to_stop_says_goodbye_and_ends_well(self, world: Replicas) -> None:
        token = await world.token()
        async with screen(world.replicas[0].address, token=token) as board:
            await board.subscribe()
            stopping = asyncio.create_task(world.replicas[0].process.stop())
            assert (await board.closed())[0] == 1012
            await stopping
        assert await world.replicas[0].process.wait() == 0
