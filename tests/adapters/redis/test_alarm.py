"""A ring is heard at the other end; a Redis that is away delays nobody and is come back to."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from sale_adapters.embedded import EmbeddedRedis
from sale_adapters.redis.alarm import RELAY_CHANNEL, RedisAlarm, RedisBell

CHANNEL = RELAY_CHANNEL
NOBODY = "redis://127.0.0.1:1"


class Heard:
    """Counts rings."""

    def __init__(self) -> None:
        self.rings = 0

    def __call__(self) -> None:
        self.rings += 1

    async def grows(self, beyond: int, *, seconds: float = 20) -> None:
        await until(lambda: self.rings > beyond, seconds=seconds)


async def until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(url: str, *, quiet_seconds: float = 5.0) -> AsyncIterator[tuple[RedisBell, Heard]]:
    bell, heard = RedisBell(url, channel=CHANNEL, quiet_seconds=quiet_seconds), Heard()
    async with bell.listening(heard):
        yield bell, heard


async def test_a_ring_is_heard_by_every_relay_process(redis_url: str) -> None:
    async with (
        RedisAlarm(redis_url, channel=CHANNEL) as alarm,
        listening(redis_url) as (one_bell, one),
        listening(redis_url) as (other_bell, other),
    ):
        await asyncio.gather(one_bell.hearing.wait(), other_bell.hearing.wait())
        before = one.rings, other.rings
        alarm.ring()
        await one.grows(before[0])
        await other.grows(before[1])


async def test_a_thousand_rings_at_once_become_one_or_two(redis_url: str) -> None:
    async with RedisAlarm(redis_url, channel=CHANNEL) as alarm, listening(redis_url) as (bell, heard):
        await bell.hearing.wait()
        before = heard.rings
        for _ in range(1_000):
            alarm.ring()
        await heard.grows(before)
        await asyncio.sleep(0.1)
        assert heard.rings - before <= 2


async def test_who_ends_in_the_pause_behind_a_ring_rings_once_more_for_what_was_rung_in_it(redis_url: str) -> None:
    async with listening(redis_url) as (bell, heard):
        await bell.hearing.wait()
        async with RedisAlarm(redis_url, channel=CHANNEL, pause_seconds=60) as alarm:
            before = heard.rings
            alarm.ring()
            await heard.grows(before)
            before = heard.rings
            alarm.ring()
        await heard.grows(before)


async def test_ringing_with_no_redis_returns_at_once_and_does_not_hammer_it() -> None:
    async with RedisAlarm(NOBODY, channel=CHANNEL, rest_seconds=0.2) as alarm:
        tried = 0
        publish = alarm._redis.publish

        async def counted(channel: str, message: bytes) -> object:
            nonlocal tried
            tried += 1
            return await publish(channel, message)

        alarm._redis.publish = counted  # type: ignore[method-assign, assignment]  # to count what happens
        for _ in range(50):
            alarm.ring()
            await asyncio.sleep(0.01)
        assert 1 <= tried <= 4


async def test_a_quiet_line_is_asked_whether_it_still_lives_and_that_is_no_ring(redis_url: str) -> None:
    async with listening(redis_url, quiet_seconds=0.1) as (bell, heard):
        await bell.hearing.wait()
        await asyncio.sleep(0.6)
        assert bell.hearing.is_set()
        assert heard.rings == 1


async def test_a_server_that_says_nothing_more_is_left() -> None:
    connections = 0

    async def subscribed_and_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while command := await reader.read(1000):
            if b"SUBSCRIBE" in command:
                writer.write(b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%b\r\n:1\r\n" % (len(CHANNEL), CHANNEL.encode()))
            elif b"PING" not in command:
                writer.write(b"+OK\r\n" * max(1, command.count(b"*")))
        writer.close()

    server = await asyncio.start_server(subscribed_and_silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, listening(f"redis://127.0.0.1:{port}?protocol=2", quiet_seconds=0.1):
        await until(lambda: connections >= 3)


@pytest.mark.parametrize("good_order", [True, False], ids=["stopped", "killed"])
async def test_when_redis_comes_back_rings_are_heard_again_and_what_was_missed_is_made_up_for(
    *, good_order: bool
) -> None:
    with tempfile.TemporaryDirectory(prefix="sale-tests-") as home:
        part = EmbeddedRedis(data_dir=Path(home))
        await part.start()
        try:
            url = part.url
            async with RedisAlarm(url, channel=CHANNEL, rest_seconds=0.1) as alarm, listening(url) as (bell, heard):
                await bell.hearing.wait()
                await part.stop() if good_order else part.process.kill()
                await until(lambda: not bell.hearing.is_set())
                before = heard.rings
                alarm.ring()
                await asyncio.sleep(0.2)
                assert heard.rings == before
                await part.start()
                await heard.grows(before)
                await bell.hearing.wait()
                before = heard.rings
                alarm.ring()
                await heard.grows(before)
        finally:
            await part.stop()


async def test_a_bug_while_ringing_is_told_and_silences_nobody(
    redis_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        RedisAlarm(redis_url, channel=CHANNEL, rest_seconds=0.01) as alarm,
        listening(redis_url) as (bell, heard),
    ):
        await bell.hearing.wait()
        with monkeypatch.context() as broken:
            broken.setattr(alarm._redis, "publish", None)
            alarm.ring()
            await until(lambda: bool(caplog.records))
        await heard.grows(1)
    assert {record.name for record in caplog.records} == {"sale.bugs"}


async def test_a_bug_in_whoever_hears_is_told_and_deafens_nobody(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    rings = 0

    def clumsy() -> None:
        nonlocal rings
        rings += 1
        if rings == 1:
            raise ZeroDivisionError

    async with RedisBell(redis_url, channel=CHANNEL, shortest_wait_seconds=0.01).listening(clumsy):
        await until(lambda: rings >= 2)
    assert [record.name for record in caplog.records] == ["sale.bugs"]


async def test_an_end_that_the_client_mistakes_for_a_time_out_is_an_end_all_the_same(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mistaken(*_: object, **__: object) -> None:
        under_way.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise TimeoutError from None

    under_way = asyncio.Event()
    async with asyncio.timeout(20):
        async with RedisAlarm(redis_url, channel=CHANNEL, rest_seconds=60) as alarm:
            monkeypatch.setattr(alarm._redis, "publish", mistaken)
            alarm.ring()
            await under_way.wait()
        under_way.clear()
        monkeypatch.setattr(PubSub, "get_message", mistaken)
        async with listening(redis_url):
            await under_way.wait()


async def test_nothing_is_left_in_redis(redis_url: str) -> None:
    async with RedisAlarm(redis_url, channel=CHANNEL) as alarm, listening(redis_url) as (bell, heard):
        await bell.hearing.wait()
        alarm.ring()
        await heard.grows(1)
    async with Redis.from_url(redis_url) as redis:
        assert await redis.keys("sale:relay:*") == []
