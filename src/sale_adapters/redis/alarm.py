"""Wake other processes over Redis pub/sub: best effort on both sides, because whoever is woken polls besides."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn, Self

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from sale_adapters.redis.connection import connect, ended, go_on_after

RELAY_CHANNEL = "sale:relay:work"
"""Rung when an event waits for Kafka."""

FEED_CHANNEL = "sale:feed:moved"
"""Rung when a merchant's history has grown."""

PAUSE_SECONDS = 0.05
"""Between two words to Redis: at noon there are fewer of them than commits, and no eye sees so short a wait."""

_LONGEST_WAIT_SECONDS = 5.0


class RedisAlarm:
    """The `Alarm` port; an asynchronous context manager.

    Rings while one is under way, and for `pause_seconds` behind it, become one more. After a failure Redis is left
    alone for `rest_seconds`, and then hears of what was rung meanwhile.
    """

    def __init__(
        self, url: str, *, channel: str, rest_seconds: float = 1.0, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._redis = connect(url)
        self._channel = channel
        self._pause_seconds = pause_seconds
        self._rest_seconds = rest_seconds
        self._rung = asyncio.Event()
        self._publishing: asyncio.Task[NoReturn] | None = None

    async def __aenter__(self) -> Self:
        """Begin to publish what is rung; Redis may still be away."""
        self._publishing = asyncio.create_task(self._publish())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ring for what was rung just now, and end."""
        assert self._publishing is not None, "it was entered"
        await ended(self._publishing)
        if self._rung.is_set():
            await self._told()
        await self._redis.aclose()

    def ring(self) -> None:
        """See `Alarm`."""
        self._rung.set()

    async def _publish(self) -> NoReturn:
        while True:
            await self._rung.wait()
            self._rung.clear()
            if await self._told():
                await asyncio.sleep(self._pause_seconds)
            else:
                self._rung.set()
                await asyncio.sleep(self._rest_seconds)

    async def _told(self) -> bool:
        try:
            await self._redis.publish(self._channel, b"")
        except Exception as failure:  # noqa: BLE001 - see `go_on_after`
            go_on_after(failure)
            return False
        return True


class RedisBell:
    """The other end: hears every ring, and comes back whenever Redis does.

    Attributes:
        quiet_seconds: After so long without a word, Redis is asked whether it is still there.
        hearing: Set while it is subscribed.
    """

    def __init__(
        self, url: str, *, channel: str, quiet_seconds: float = 5.0, shortest_wait_seconds: float = 0.1
    ) -> None:
        self._url = url
        self._channel = channel
        self._quiet_seconds = quiet_seconds
        self._shortest_wait_seconds = shortest_wait_seconds
        self.hearing = asyncio.Event()

    @asynccontextmanager
    async def listening(self, on_ring: Callable[[], object]) -> AsyncIterator[None]:
        """Call `on_ring` at every ring, and whenever the subscription begins anew, until the block ends."""
        task = asyncio.create_task(self._listen(on_ring))
        try:
            yield
        finally:
            await ended(task)

    async def _listen(self, on_ring: Callable[[], object]) -> NoReturn:
        wait_seconds = self._shortest_wait_seconds
        while True:
            try:
                async with connect(self._url, timeout_seconds=self._quiet_seconds) as redis, redis.pubsub() as heard:
                    await self._hear(heard, on_ring)
            except Exception as failure:  # noqa: BLE001 - see `go_on_after`
                go_on_after(failure)
                was_lost = self.hearing.is_set() and isinstance(failure, (RedisError, OSError))
                wait_seconds = self._shortest_wait_seconds if was_lost else 2 * wait_seconds
            finally:
                self.hearing.clear()
            wait_seconds = min(wait_seconds, _LONGEST_WAIT_SECONDS)
            await asyncio.sleep(wait_seconds)

    async def _hear(self, heard: PubSub, on_ring: Callable[[], object]) -> None:
        await heard.subscribe(self._channel)
        asked = False
        while True:
            message = await heard.get_message(timeout=self._quiet_seconds)
            if message is None and asked:
                raise ConnectionError(f"no answer for {self._quiet_seconds} s")
            asked = message is None
            if message is None:
                await heard.ping()
            elif message["type"] != "pong":
                self.hearing.set()
                # Being subscribed counts as a ring: what was rung before may have been lost.
                on_ring()
