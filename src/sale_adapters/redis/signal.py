"""Tell signal of every change over Redis pub/sub: best effort, counted, and never in anybody's way (C10)."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import NoReturn, Self

from sale_adapters.redis.alarm import PAUSE_SECONDS
from sale_adapters.redis.connection import connect, ended, go_on_after
from sale_adapters.wire.frames import signal_message
from sale_domain.feed import FeedEntry
from sale_domain.ids import MerchantId

HEARD, UNHEARD, LOST = "heard", "unheard", "lost"
"""What came of a message: somebody had subscribed; nobody had; Redis was away, or could not keep up."""

_AT_ONCE = 100


class RedisSignal:
    """The `Observers` port; an asynchronous context manager.

    At most `waiting` messages wait; the oldest make room for newer ones. After a failure Redis is left alone for
    `rest_seconds`, and what waited then is lost.
    """

    def __init__(
        self,
        url: str,
        *,
        channel: str,
        observe: Callable[[str, int], object],
        waiting: int = 1_000,
        rest_seconds: float = 1.0,
    ) -> None:
        """Publish nothing yet; `observe` gets what came of how many messages."""
        self._redis = connect(url)
        self._channel = channel
        self._observe = observe
        self._rest_seconds = rest_seconds
        self._waiting: deque[tuple[MerchantId, FeedEntry]] = deque(maxlen=waiting)
        self._some = asyncio.Event()
        self._publishing: asyncio.Task[NoReturn] | None = None

    async def __aenter__(self) -> Self:
        """Begin to publish; Redis may still be away."""
        self._publishing = asyncio.create_task(self._publish())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Publish what waits, and end; what Redis does not take now is lost."""
        assert self._publishing is not None, "it was entered"
        await ended(self._publishing)
        while self._waiting and await self._told():
            pass
        self._count(LOST, len(self._waiting))
        await self._redis.aclose()

    def changed(self, merchant_id: MerchantId, entries: Sequence[FeedEntry]) -> None:
        """See `Observers`."""
        room = (self._waiting.maxlen or 0) - len(self._waiting)
        self._count(LOST, max(0, len(entries) - room))
        self._waiting.extend((merchant_id, entry) for entry in entries)
        self._some.set()

    async def _publish(self) -> NoReturn:
        while True:
            await self._some.wait()
            if not await self._told():
                await asyncio.sleep(self._rest_seconds)
            elif len(self._waiting) < _AT_ONCE:
                # What comes meanwhile goes together.
                await asyncio.sleep(PAUSE_SECONDS)

    async def _told(self) -> bool:
        """Tell Redis of the oldest that wait; return whether it took them."""
        batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
        if not self._waiting:
            self._some.clear()
        try:
            await self._send(batch)
        except Exception as failure:  # noqa: BLE001 - see `go_on_after`
            go_on_after(failure)
            self._count(LOST, len(batch))
            return False
        return True

    async def _send(self, batch: Sequence[tuple[MerchantId, FeedEntry]]) -> None:
        async with self._redis.pipeline(transaction=False) as together:
            for merchant_id, entry in batch:
                together.publish(self._channel, signal_message(merchant_id, entry))
            heard = sum(listeners > 0 for listeners in await together.execute())
        self._count(HEARD, heard)
        self._count(UNHEARD, len(batch) - heard)

    def _count(self, outcome: str, count: int) -> None:
        if count:
            self._observe(outcome, count)
