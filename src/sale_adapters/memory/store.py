"""What the ports at rest share in memory, so that they behave as one database."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import attrs

from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_domain.errors import SaleError
from sale_domain.feed import FeedEntry
from sale_domain.ids import MerchantId, OrderId
from sale_domain.ledger import PaymentFact
from sale_domain.messages import Message
from sale_domain.orders import Order
from sale_domain.port_errors import KeyReused
from sale_domain.ports.answers import AnswerKey, StoredAnswer
from sale_domain.ports.orders import ReceivedWebhook
from sale_domain.ports.runtime import Clock
from sale_domain.snapshots import CheckoutSnapshot
from sale_domain.stations import Stations

ANSWERS_KEPT_FOR = timedelta(hours=24)
"""How long an equal request gets the first one's answer (contract §9)."""


@attrs.frozen(kw_only=True)
class KeptAnswer:
    """An answer with what its request's body was, and when it was given."""

    fingerprint: bytes
    answer: StoredAnswer
    at: datetime


@attrs.define(kw_only=True, eq=False)
class MemoryStore:
    """One database in memory; every port of this package over the same store sees one world.

    Attributes:
        lock_timeout_seconds: How long a transaction waits for another one's lock.
        fail_with: Set it to play a database that is away; None makes it well again.
        outbox: What the relay empties.
        snapshots: Per order, those of all its checkouts, reverted ones too.
        feeds: Per merchant, every history entry; the first has feed number 1.
        messages: Every event ever written to the outbox, as the domain's values.
        stations: Per merchant, what is cooked where.
        webhooks: The raw log.
        parked: Payment facts that wait for their order, by their key.
        parked_by: The delivery that brought each of them first.
    """

    clock: Clock
    lock_timeout_seconds: float = 5.0
    fail_with: SaleError | None = None
    outbox: MemoryOutbox = attrs.field(factory=MemoryOutbox)
    orders: dict[OrderId, Order] = attrs.field(factory=dict)
    snapshots: dict[OrderId, list[CheckoutSnapshot]] = attrs.field(factory=dict)
    feeds: defaultdict[MerchantId, list[FeedEntry]] = attrs.field(factory=lambda: defaultdict(list))
    messages: list[Message] = attrs.field(factory=list)
    stations: dict[MerchantId, Stations] = attrs.field(factory=dict)
    webhooks: list[ReceivedWebhook] = attrs.field(factory=list)
    parked: dict[tuple[str, ...], PaymentFact] = attrs.field(factory=dict)
    parked_by: dict[tuple[str, ...], ReceivedWebhook] = attrs.field(factory=dict)
    answers: dict[AnswerKey, KeptAnswer] = attrs.field(factory=dict)
    _locks: WeakValueDictionary[AnswerKey | OrderId, asyncio.Lock] = attrs.field(
        init=False, factory=WeakValueDictionary
    )

    async def reach(self) -> None:
        """Reach the database, or fail as `fail_with` says."""
        # A database answers later: whoever else wants to run gets a turn, as in a real service.
        await asyncio.sleep(0)
        if self.fail_with is not None:
            raise self.fail_with

    @asynccontextmanager
    async def locked(self, thing: AnswerKey | OrderId, *, otherwise: SaleError) -> AsyncIterator[None]:
        """Hold the lock of a key or an order; raise `otherwise` when it is not free in time."""
        lock = self._locks.setdefault(thing, asyncio.Lock())
        try:
            async with asyncio.timeout(self.lock_timeout_seconds):
                await lock.acquire()
        except TimeoutError:
            raise otherwise from None
        try:
            await self.reach()
            yield
        finally:
            lock.release()

    def answer(self, key: AnswerKey, *, fingerprint: bytes) -> StoredAnswer | None:
        """Return what an equal request was told in the last 24 hours.

        Raises:
            KeyReused: the key came with another body.
        """
        kept = self.answers.get(key)
        if kept is None or self.clock.now() - kept.at >= ANSWERS_KEPT_FOR:
            return None
        if kept.fingerprint != fingerprint:
            raise KeyReused
        return kept.answer

    def keep(self, key: AnswerKey, *, fingerprint: bytes, answer: StoredAnswer) -> None:
        """Keep an answer from now on."""
        self.answers[key] = KeptAnswer(fingerprint=fingerprint, answer=answer, at=self.clock.now())
