"""Go through what waits: one thing that fails keeps no other waiting, and a store that is away ends it."""

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

from sale_domain.port_errors import StoreBusy, StoreUnavailable

Thing = TypeVar("Thing")

AWAY = 5
"""So many in a row that the store would not take: it is away, not the things."""


async def each(
    things: AsyncIterable[Thing], act: Callable[[Thing], Awaitable[bool]]
) -> tuple[tuple[Thing, ...], tuple[tuple[Thing, Exception], ...]]:
    """Act on every thing; return those for which `act` said that it had an effect, and those that failed, and why.

    Raises:
        StoreUnavailable: the database is away; what was done stays so.
    """
    done: list[Thing] = []
    failed: list[tuple[Thing, Exception]] = []
    away = 0
    async for thing in things:
        try:
            had_effect = await act(thing)
        except Exception as failure:
            is_away = isinstance(failure, StoreUnavailable) and not isinstance(failure, StoreBusy)
            away = away + 1 if is_away else 0
            if away == AWAY:
                raise
            failed.append((thing, failure))
        else:
            away = 0
            done += [thing] * had_effect
    return tuple(done), tuple(failed)
