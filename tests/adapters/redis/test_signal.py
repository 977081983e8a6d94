"""Signal is told of every change as far as Redis goes; nobody waits for it, and what is lost is counted."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from orders_world import fresh_merchant, opened, pho
from sale_adapters.redis.alarm import PAUSE_SECONDS
from sale_adapters.redis.signal import RedisSignal
from sale_domain.feed import FeedEntry
from sale_domain.ids import MerchantId

NOBODY = "redis://127.0.0.1:1"
MERCHANT = MerchantId("merchant-1")


class Counts(Counter[str]):
    """What came of messages."""

    def __call__(self, outcome: str, count: int) -> None:
        self[outcome] += count

    async def reach(self, outcome: str, count: int) -> None:
        async with asyncio.timeout(20):
            while self[outcome] < count:  # noqa: ASYNC110 - it happens in another task
                await asyncio.sleep(0.01)


def change() -> Sequence[FeedEntry]:
    return opened(fresh_merchant(), pho()).entries


@asynccontextmanager
async def listening(url: str, channel: str) -> AsyncIterator[Any]:
    async with Redis.from_url(url) as redis, redis.pubsub() as heard:
        await heard.subscribe(channel)
        await heard.get_message(timeout=10)
        yield heard


async def test_whoever_subscribed_hears_topic_data_and_the_merchants_room(redis_url: str) -> None:
    counts = Counts()
    async with (
        listening(redis_url, "signal-1") as heard,
        RedisSignal(redis_url, channel="signal-1", observe=counts) as signal,
    ):
        signal.changed(MERCHANT, change())
        message = await heard.get_message(timeout=10)
        await counts.reach("heard", 1)
    told = json.loads(message["data"])
    assert told["topic"] == "observation/sale/sale-order"
    assert told["destination"] == "merchant:merchant-1"
    assert (told["data"]["action"], told["data"]["version"]) == ("ORDER_CREATED", 1)
    assert counts == {"heard": 1}


async def test_changes_are_told_in_their_order(redis_url: str) -> None:
    counts, sent = Counts(), [change() for _ in range(250)]
    async with (
        listening(redis_url, "signal-2") as heard,
        RedisSignal(redis_url, channel="signal-2", observe=counts) as signal,
    ):
        for entries in sent:
            signal.changed(MERCHANT, entries)
        got = [json.loads((await heard.get_message(timeout=10))["data"])["data"]["id"] for _ in sent]
    assert got == [entry.thing_id for entries in sent for entry in entries]


async def test_nobody_listening_is_counted_and_costs_nothing(redis_url: str) -> None:
    counts = Counts()
    async with RedisSignal(redis_url, channel="signal-3", observe=counts) as signal:
        signal.changed(MERCHANT, (*change(), *change()))
        await counts.reach("unheard", 2)
    assert counts == {"unheard": 2}


async def test_with_no_redis_nobody_waits_and_memory_stays_bounded() -> None:
    counts = Counts()
    entries = change()
    async with RedisSignal(NOBODY, channel="signal", observe=counts, waiting=50, rest_seconds=60) as signal:
        started = time.perf_counter()
        for _ in range(10_000):
            signal.changed(MERCHANT, entries)
        assert time.perf_counter() - started < 2
        assert len(signal._waiting) == 50
        await counts.reach("lost", 10_000)
    assert counts == {"lost": 10_000}


@pytest.mark.parametrize(
    ("failure", "bugs"), [(ConnectionError("gone"), 0), (ZeroDivisionError(), 1)], ids=["away", "a bug"]
)
async def test_after_a_rest_redis_is_told_again_and_a_bug_is_told_too(
    failure: Exception, bugs: int, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    counts = Counts()
    async with RedisSignal(redis_url, channel="signal-4", observe=counts, rest_seconds=0.05) as signal:
        pipeline = signal._redis.pipeline

        def broken(**_: object) -> object:
            raise failure

        signal._redis.pipeline = broken  # type: ignore[method-assign, assignment]  # to lose one
        signal.changed(MERCHANT, change())
        await counts.reach("lost", 1)
        signal._redis.pipeline = pipeline  # type: ignore[method-assign]  # and be well again
        signal.changed(MERCHANT, change())
        await counts.reach("unheard", 1)
    assert [record.name for record in caplog.records] == ["sale.bugs"] * bugs


async def test_what_comes_in_quick_succession_goes_together_and_nothing_of_it_is_lost(redis_url: str) -> None:
    counts, asked = Counts(), 0
    async with RedisSignal(redis_url, channel="signal-5", observe=counts) as signal:
        pipeline = signal._redis.pipeline

        def counted(*, transaction: bool) -> object:
            nonlocal asked
            asked += 1
            return pipeline(transaction=transaction)

        signal._redis.pipeline = counted  # type: ignore[method-assign, assignment]  # to count what happens
        started = time.perf_counter()
        for _ in range(60):
            signal.changed(MERCHANT, change())
            await asyncio.sleep(0.005)
        took = time.perf_counter() - started
        assert 1 < asked <= 2 + took / PAUSE_SECONDS
    assert counts == {"unheard": 60}
