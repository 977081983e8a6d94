"""A shard relay's time on an asyncio loop; being told to stop ends every wait."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class AsyncioPace:
    """The `Pace` port of one relay."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._work = asyncio.Event()

    def wake(self) -> None:
        """End the wait for work, or the next one if nobody waits: there may be work that the last look did not see."""
        self._work.set()

    def seconds(self) -> float:
        """See `Pace`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See `Pace`."""
        await _wait(self._stop, seconds)

    async def await_work(self, seconds: float) -> None:
        """See `Pace`."""
        if self._stop.is_set():
            # Whoever loops over this must still let others run, or nobody can tell it to stop.
            await asyncio.sleep(0)
            return
        await _wait(self._work, seconds)
        self._work.clear()

    async def both(self, first: Coroutine[object, None, object], second: Coroutine[object, None, T]) -> T:
        """See `Pace`."""
        return await both(first, second)


async def both(first: Coroutine[object, None, object], second: Coroutine[object, None, T]) -> T:
    """Do both at once, each to its end even when the other fails."""
    one: object
    other: T | BaseException
    one, other = await asyncio.gather(first, second, return_exceptions=True)
    if isinstance(one, BaseException):
        raise one
    if isinstance(other, BaseException):
        raise other
    return other


async def _wait(event: asyncio.Event, seconds: float) -> None:
    await asyncio.sleep(0)
    # Not `wait_for`: when the event comes together with a cancellation, Python 3.11's forgets the cancellation.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
