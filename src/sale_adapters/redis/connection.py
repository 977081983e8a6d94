"""A connection to Redis that gives up soon: whatever Redis does for Sale can also be done without it."""

import asyncio
import logging

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


def end_if_cancelled() -> None:
    """Cancel this task when it has been told to end: under load redis-py makes time-outs of some cancellations."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def go_on_after(failure: Exception) -> None:
    """Let work in the background go on; only that Redis is away is no bug, and a bug must neither end it nor be silent.

    Raises:
        CancelledError: as `end_if_cancelled`.
    """
    end_if_cancelled()
    if not isinstance(failure, (RedisError, OSError)):
        _BUGS.error("bug in what Redis does for Sale", exc_info=failure)
