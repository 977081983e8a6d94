"""A blocking client, and the one thread that ever touches it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

C = TypeVar("C")
T = TypeVar("T")

_CLOSE_SECONDS = 5.0


class ClientThread(Generic[C]):
    """Connects its client at the first call. Calls wait for each other; closing waits only a little for a call."""

    def __init__(self, name: str, *, connect: Callable[[], C], disconnect: Callable[[C], object]) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._connect = connect
        self._disconnect = disconnect
        self._client: C | None = None

    async def call(self, work: Callable[[C], T]) -> T:
        """Do the work in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    async def close(self) -> None:
        """Disconnect after the call that is under way, however it ends; if it hangs, leave that to the watchdog."""
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await closing
        self._thread.shutdown(wait=False)

    def _work(self, work: Callable[[C], T]) -> T:
        if self._client is None:
            self._client = self._connect()
        return work(self._client)

    def _close(self) -> None:
        if self._client is not None:
            # Closing is the answer to trouble: what it complains about is what we already know.
            with suppress(Exception):
                self._disconnect(self._client)
