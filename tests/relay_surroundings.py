"""What the models of a simulation live in: a clock, one source of chance, trouble, and the process that runs now."""

import random
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

import attrs

from relay_guards import Guard
from sale_domain.port_errors import StoreUnavailable

T = TypeVar("T")


class GiveWay:
    """Awaited, it lets the scheduler run whom it likes."""

    def __await__(self) -> Generator[None]:
        yield


@attrs.define(kw_only=True, eq=False)
class Process:
    """One relay, working on one shard at a time."""

    name: str
    work: Coroutine[object, object, None]
    asleep_until: float = 0.0


class Surroundings:
    """What the models live in: a clock, one source of chance, and trouble."""

    def __init__(self, seed: int, *, without: Guard | None) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self.without = without
        self.now = 0.0
        self.trouble = self.chance.choice([0.01, 0.03, 0.1])
        self.running: Process | None = None

    def fails(self, *, weight: float = 1.0) -> bool:
        """Tell whether something goes wrong now."""
        return self.chance.random() < self.trouble * weight

    async def database(self) -> None:
        """Give way to others, and then perhaps lose the connection."""
        await GiveWay()
        if self.fails(weight=0.2):
            raise StoreUnavailable(reason="connection lost")

    async def chance_to_fail(self, failure: Exception) -> None:
        """Give way to others, and then perhaps fail."""
        await GiveWay()
        if self.fails():
            raise failure

    async def sleep(self, seconds: float) -> None:
        """See `Pace`."""
        assert self.running is not None
        self.running.asleep_until = self.now + seconds
        await GiveWay()

    async def await_work(self, seconds: float) -> None:
        """See `Pace`."""
        await self.sleep(seconds)

    async def both(self, first: Coroutine[Any, Any, object], second: Coroutine[Any, Any, T]) -> T:
        """See `Pace`; chance says whose turn it is."""
        running: list[Coroutine[Any, Any, object]] = [first, second]
        ended: dict[Coroutine[Any, Any, object], T] = {}
        failed: dict[Coroutine[Any, Any, object], Exception] = {}
        try:
            while running:
                one = self.chance.choice(running)
                try:
                    one.send(None)
                except StopIteration as end:
                    ended[one] = end.value
                    running.remove(one)
                except Exception as failure:  # noqa: BLE001 - raised below, when the other has ended
                    failed[one] = failure
                    running.remove(one)
                else:
                    await GiveWay()
        finally:
            for one in running:
                one.close()
        for one in (first, second):
            if one in failed:
                raise failed[one]
        return ended[second]

    def seconds(self) -> float:
        """See `Pace`."""
        return self.now
