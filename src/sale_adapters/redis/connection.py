"""A connection to Redis that gives up soon: whatever Redis does for Sale can also be done without it."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def connect(url: str, *, timeout_seconds: float = 0.25) -> Redis:
    """Return a client that waits ``timeout_seconds`` at most, for a connection and for each answer, and once."""
    return Redis.from_url(
        url,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
    )
