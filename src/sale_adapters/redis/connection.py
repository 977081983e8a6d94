"""A connection to Redis that gives up soon: whatever Redis does for Sale can also be done without it."""

import asyncio
import logging
from typing import NoReturn

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_BUGS = logging.getLogger("sale.bugs")


def connect(url: str, *, timeout_seconds: float = 0.25) -> Redis:
    """Return a client that waits ``timeout_seconds`` at most, for a connection and for each answer, and once."""
    return Redis.from_url(
        url,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
    )


async def ended(task: asyncio.Task[NoReturn]) -> None:
    """End work in the background for certain: under load redis-py makes time-outs of some cancellations."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1.0)


def go_on_after(failure: Exception) -> None:
    """Let work in the background go on: a bug must neither end it nor be silent, and that Redis is away is none."""
    if not isinstance(failure, (RedisError, OSError)):
        _BUGS.error("bug in what Redis does for Sale", exc_info=failure)
