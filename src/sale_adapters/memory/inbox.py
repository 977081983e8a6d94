"""The raw log of webhooks, and the payment facts that wait for their order, in memory."""

from sale_adapters.memory.store import MemoryStore
from sale_domain.ledger import PaymentFact
from sale_domain.ports.orders import ReceivedWebhook


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
        self._store.parked_at.setdefault(fact.key, webhook.received_at)
