"""Single flight: those who want the same thing at the same time share one load."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

Load = Callable[[], Coroutine[Any, Any, Value]]


class Flights(Generic[Key, Value]):
    """The loads that are under way, one per key; a caller who goes away does not end what others wait for."""

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[Value]] = {}

    async def join(self, key: Key, load: Load[Value]) -> Value:
        """Return what the load under way brings, or start one; all who wait share its failure too."""
        task = self.start(key, load)
        await asyncio.wait({task})
        return task.result()

    def start(self, key: Key, load: Load[Value]) -> asyncio.Task[Value]:
        """Start a load unless one is under way, without waiting for it."""
        if key not in self._tasks:
            task = self._tasks[key] = asyncio.create_task(load())
            task.add_done_callback(partial(self._landed, key))
        return self._tasks[key]

    def _landed(self, key: Key, task: asyncio.Task[Value]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # when nobody waits any more, asyncio shall not complain that nobody looked
