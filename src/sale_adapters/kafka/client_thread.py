"""A blocking client, and the one thread that ever touches it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from typing import Generic, TypeVar

from sale_adapters.kafka.watchdog import Watchdog

C = TypeVar("C")
T = TypeVar("T")


class ClientThread(Generic[C]):
    """Connects its client at the first call. Calls wait for each other; closing waits only a little for a call."""

    def __init__(
        self,
        name: str,
        *,
        connect: Callable[[], C],
        disconnect: Callable[[C], object],
        watchdog: Watchdog | None = None,
        close_seconds: float = 5.0,
    ) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._connect = connect
        self._disconnect = disconnect
        self._watchdog = watchdog
        self._name = name
        self._close_seconds = close_seconds
        self._client: C | None = None

    async def call(self, work: Callable[[C], T]) -> T:
        """Do the work in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    async def close(self) -> None:
        """Disconnect after the call that is under way, however it ends; if it hangs, leave that to the watchdog."""
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)
        # Waiting must not cancel it: what waits behind a slow call would never be disconnected.
        await asyncio.wait([closing], timeout=self._close_seconds)

    def _work(self, work: Callable[[C], T]) -> T:
        with self._watchdog.watching(f"A call of {self._name}") if self._watchdog else nullcontext():
            if self._client is None:
                self._client = self._connect()
            return work(self._client)

    def _close(self) -> None:
        if self._client is not None:
            # Closing is the answer to trouble: what it complains about is what we already know.
            with suppress(Exception):
                self._disconnect(self._client)
