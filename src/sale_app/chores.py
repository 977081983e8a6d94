"""Chores: what a relay does for its shard's buckets besides relaying, each at a pace of its own (architecture §5)."""

import logging
import time
from collections.abc import Awaitable, Callable

import attrs

from sale_domain.errors import Unavailable

_LOG = logging.getLogger("sale.chores")

Sleep = Callable[[float], Awaitable[None]]
"""Wait so many seconds, or less when the process is told to stop."""


@attrs.frozen(kw_only=True)
class Chore:
    """One thing to do now and then.

    Attributes:
        work: Does it for a range of buckets; it must be safe to run twice at a time, and to be cut off.
    """

    name: str
    every_seconds: float
    work: Callable[[range], Awaitable[None]]


@attrs.define
class Rota:
    """When each chore was last done for which buckets; it outlives leases, so that none of them puts a chore off."""

    _seconds: Callable[[], float] = time.monotonic
    _last: dict[tuple[str, range], float] = attrs.field(init=False, factory=dict)

    def due_in_seconds(self, chore: Chore, buckets: range) -> float:
        """Return how long to wait; a chore that was never asked for begins with a whole wait."""
        last = self._last.setdefault((chore.name, buckets), self._seconds())
        return max(0.0, last + chore.every_seconds - self._seconds())

    def was_done(self, chore: Chore, buckets: range) -> None:
        """Remember it."""
        self._last[chore.name, buckets] = self._seconds()


async def keep_doing(chore: Chore, buckets: range, *, rota: Rota, sleep: Sleep, going_on: Callable[[], bool]) -> None:
    """Do a chore whenever it is due; what goes wrong is told, and tried again the next time."""
    await sleep(rota.due_in_seconds(chore, buckets))
    while going_on():
        try:
            await chore.work(buckets)
        except Unavailable as error:
            _LOG.warning("chore not done: %s", error, extra=_name(chore))
        except Exception:  # noqa: BLE001 - a chore that fails must not end the relay; the log has all of it
            _LOG.exception("chore has failed", extra=_name(chore))
        rota.was_done(chore, buckets)
        await sleep(rota.due_in_seconds(chore, buckets))


def _name(chore: Chore) -> dict[str, str | float]:
    return {"chore": chore.name, "retry_seconds": chore.every_seconds}
