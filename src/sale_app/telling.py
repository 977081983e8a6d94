"""Who is told of a commit, right after it: the relay, the live screens here and elsewhere, and signal."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import attrs

from sale_adapters.redis.alarm import FEED_CHANNEL, RELAY_CHANNEL, RedisAlarm
from sale_adapters.redis.signal import RedisSignal
from sale_app.settings import Settings
from sale_domain.events import FeedEntry
from sale_domain.ids import MerchantId
from sale_domain.ports.feed import Observers
from sale_domain.ports.orders import Orders
from sale_domain.ringing_orders import RingingOrders


@attrs.frozen(kw_only=True)
class Onlookers:
    """The `Observers` port: some are only woken, because they read the history themselves; signal is told all."""

    wake: tuple[Callable[[], object], ...] = ()
    signal: Observers | None = None

    def changed(self, merchant_id: MerchantId, entries: Sequence[FeedEntry]) -> None:
        """See `Observers`."""
        for each in self.wake:
            each()
        if self.signal is not None:
            self.signal.changed(merchant_id, entries)


class NobodyToWake:
    """The `Alarm` port where nobody polls."""

    def ring(self) -> None:
        """See `Alarm`."""


@asynccontextmanager
async def telling(
    orders: Orders,
    settings: Settings,
    *,
    here: tuple[Callable[[], object], ...] = (),
    signalled: Callable[[str, int], object] = lambda _outcome, _count: None,
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
        RedisAlarm(url, channel=RELAY_CHANNEL) as relay,
        RedisAlarm(url, channel=FEED_CHANNEL) as screens,
        RedisSignal(url, channel=settings.signal_channel, observe=signalled) as signal,
    ):
        yield RingingOrders(orders, alarm=relay, observers=Onlookers(wake=(*here, screens.ring), signal=signal))
