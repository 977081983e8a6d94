"""Chores: what a relay does for its shard's buckets besides relaying, each at a pace of its own (architecture §5)."""

import logging
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


async def keep_doing(chore: Chore, buckets: range, *, sleep: Sleep, going_on: Callable[[], bool]) -> None:
    """Do a chore again and again; what goes wrong is told, and tried again the next time.

    It waits before it works: whoever only looked whether the shard is free has done nothing.
    """
    await sleep(chore.every_seconds)
    while going_on():
        try:
            await chore.work(buckets)
        except Unavailable as error:
            _LOG.warning("chore=%r not done, the next try is in %g s: %s", chore.name, chore.every_seconds, error)
        except Exception:  # noqa: BLE001 - a chore that fails must not end the relay; the log has all of it
            _LOG.exception("chore=%r has failed, the next try is in %g s", chore.name, chore.every_seconds)
        await sleep(chore.every_seconds)
