"""Who is told of a commit, right after it: the relay, the live screens here and elsewhere, and signal."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sale_adapters.redis.alarm import FEED_CHANNEL, RELAY_CHANNEL, RedisAlarm
from sale_adapters.redis.signal import RedisSignal
from sale_app.onlookers import NobodyToWake, Onlookers
from sale_app.settings import Settings
from sale_domain.ports.orders import Orders
from sale_domain.ringing_orders import RingingOrders

_RELAY_PAUSE_SECONDS = 0.02
"""Between two rings for the relay, which is held to 50 ms from commit to Kafka."""


def uncounted(outcome: str, count: int) -> None:
    """Count nothing."""


@asynccontextmanager
async def telling(
    orders: Orders,
    settings: Settings,
    *,
    here: tuple[Callable[[], object], ...] = (),
    signalled: Callable[[str, int], object] = uncounted,
) -> AsyncIterator[Orders]:
    """Yield orders whose commits are told over Redis, if there is one; none of it delays or fails a command.

    Args:
        orders: Where the commits happen.
        settings: Where Redis is, and signal's channel.
        here: Whom to wake in this process.
        signalled: Counts what came of how many messages to signal.
    """
    if not settings.redis_url:
        yield RingingOrders(orders, alarm=NobodyToWake(), observers=Onlookers(wake=here))
        return
    url = settings.redis_url
    async with (
        RedisAlarm(url, channel=RELAY_CHANNEL, pause_seconds=_RELAY_PAUSE_SECONDS) as relay,
        RedisAlarm(url, channel=FEED_CHANNEL) as screens,
        RedisSignal(url, channel=settings.signal_channel, observe=signalled) as signal,
    ):
        yield RingingOrders(orders, alarm=relay, observers=Onlookers(wake=(*here, screens.ring), signal=signal))
