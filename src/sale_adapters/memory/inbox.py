"""The raw log of webhooks, and the payment facts that wait for their order, in memory."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sale_adapters.memory.store import MemoryStore
from sale_domain.errors import NotFound
from sale_domain.ids import OrderId, bucket_of, milliseconds_of
from sale_domain.ledger import PaymentFact, SourceType
from sale_domain.ports.orders import ParkedFact, ReceivedWebhook


class MemoryInbox:
    """The `Inbox` port over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @property
    def webhooks(self) -> tuple[ReceivedWebhook, ...]:
        """Return the raw log, oldest first; it has the webhooks of applied payments too."""
        return tuple(self._store.webhooks)

    @property
    def parked(self) -> tuple[PaymentFact, ...]:
        """Return the facts that wait, oldest first."""
        return tuple(self._store.parked.values())

    async def log(self, webhook: ReceivedWebhook) -> None:
        """See `Inbox`."""
        await self._store.reach()
        self._store.webhooks.append(webhook)

    async def park(self, fact: PaymentFact, *, webhook: ReceivedWebhook) -> None:
        """See `Inbox`."""
        await self._store.reach()
        self._store.webhooks.append(webhook)
        self._store.parked.setdefault(fact.key, fact)
        self._store.parked_by.setdefault(fact.key, webhook)

    async def arrived(self, buckets: range, *, since: datetime, after: str = "", limit: int) -> tuple[ParkedFact, ...]:
        """See `Inbox`."""
        await self._store.reach()
        found = (
            parked
            for parked in self._parked(buckets)
            if parked.fact.source.type is SourceType.SALE_ORDER
            and OrderId(parked.fact.source.id) in self._store.orders
            and (parked.parked_at, parked.webhook_id) > (since, after)
        )
        return _oldest(found, limit)

    async def waiting(self, buckets: range, *, until: datetime, limit: int) -> tuple[ParkedFact, ...]:
        """See `Inbox`."""
        await self._store.reach()
        return _oldest((parked for parked in self._parked(buckets) if parked.parked_at < until), limit)

    async def webhook(self, webhook_id: str) -> ReceivedWebhook:
        """See `Inbox`."""
        await self._store.reach()
        for webhook in self._store.webhooks:
            if webhook.id == webhook_id:
                return webhook
        raise NotFound(thing="webhook")

    async def webhooks_naming(self, order_id: OrderId, *, within: timedelta, limit: int) -> tuple[ReceivedWebhook, ...]:
        """See `Inbox`."""
        await self._store.reach()
        try:
            until = milliseconds_of(order_id) + within // timedelta(milliseconds=1)
        except ValueError:
            raise NotFound(thing="order") from None
        found = (
            webhook
            for webhook in self._store.webhooks
            if order_id.encode() in webhook.body and milliseconds_of(webhook.id) < until
        )
        return tuple(sorted(found, key=lambda webhook: (webhook.received_at, webhook.id))[:limit])

    def _parked(self, buckets: range) -> Iterable[ParkedFact]:
        for key, webhook in self._store.parked_by.items():
            if bucket_of(webhook.id) in buckets:
                yield ParkedFact(fact=self._store.parked[key], webhook_id=webhook.id, parked_at=webhook.received_at)


def _oldest(found: Iterable[ParkedFact], limit: int) -> tuple[ParkedFact, ...]:
    return tuple(sorted(found, key=lambda parked: (parked.parked_at, parked.webhook_id))[:limit])
