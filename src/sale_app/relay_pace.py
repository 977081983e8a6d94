"""The relay's time on an asyncio loop; being told to stop ends every wait."""

import asyncio
import time
from contextlib import suppress


class AsyncioPace:
    """The `Pace` port, shared by the shards of a process."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._work = asyncio.Event()

    def wake(self) -> None:
        """End every wait for work; whoever comes to wait later waits for the next call."""
        self._work.set()
        self._work = asyncio.Event()

    def seconds(self) -> float:
        """See `Pace`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See `Pace`."""
        await _wait(self._stop, seconds)

    async def await_work(self, seconds: float) -> None:
        """See `Pace`."""
        if not self._stop.is_set():
            await _wait(self._work, seconds)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    # Not `wait_for`: when the event comes together with a cancellation, Python 3.11's forgets the cancellation.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
