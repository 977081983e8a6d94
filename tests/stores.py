"""The ports at rest, on any store, with a way to see what they have written."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import attrs
import psycopg
from psycopg.rows import dict_row

from sale_adapters.memory import (
    ManualClock,
    MemoryAllocationUsages,
    MemoryAnswers,
    MemoryInbox,
    MemoryKitchenStations,
    MemoryKitchenTickets,
    MemoryLeftovers,
    MemoryOrders,
    MemoryStore,
)
from sale_adapters.memory.store import KeptAnswer
from sale_adapters.postgres import (
    Database,
    Patience,
    PostgresAllocationUsages,
    PostgresAnswers,
    PostgresInbox,
    PostgresKitchenStations,
    PostgresKitchenTickets,
    PostgresLeftovers,
    PostgresOrders,
)
from sale_adapters.postgres.answer_rows import key_values
from sale_adapters.postgres.rows import fact_of
from sale_domain.ids import EventId
from sale_domain.ledger import PaymentFact
from sale_domain.ports.allocations import AllocationUsages
from sale_domain.ports.answers import Answers, Once, StoredAnswer
from sale_domain.ports.kitchen import KitchenStations, KitchenTickets
from sale_domain.ports.leftovers import Leftovers
from sale_domain.ports.orders import Inbox, Orders, ReceivedWebhook
from sale_domain.ports.publishing import PublishedAt


@attrs.frozen(kw_only=True)
class Payload:
    """What a store has put into its outbox for one event."""

    event_id: EventId
    seq: int
    body: bytes


@attrs.frozen(kw_only=True)
class Stores:
    """One store behind its ports, and what lies in it."""

    orders: Orders
    answers: Answers
    tickets: KitchenTickets
    stations: KitchenStations
    inbox: Inbox
    usages: AllocationUsages
    webhooks: Callable[[], Awaitable[list[ReceivedWebhook]]]
    parked: Callable[[], Awaitable[list[PaymentFact]]]
    outbox: Callable[[], Awaitable[list[Payload]]]
    leftovers: Leftovers
    publish: Callable[[EventId, datetime], Awaitable[None]]
    set_aside: Callable[[EventId], Awaitable[None]]
    give: Callable[[Once, datetime], Awaitable[None]]


@asynccontextmanager
async def memory_stores() -> AsyncGenerator[Stores]:
    """Yield stores in memory."""
    store = MemoryStore(clock=ManualClock(), lock_timeout_seconds=0.3)
    inbox = MemoryInbox(store)

    async def webhooks() -> list[ReceivedWebhook]:
        return list(inbox.webhooks)

    async def parked() -> list[PaymentFact]:
        return list(inbox.parked)

    async def outbox() -> list[Payload]:
        return [Payload(event_id=r.event_id, seq=r.seq, body=r.payload) for r in store.outbox.rows.values()]

    async def publish(event_id: EventId, at: datetime) -> None:
        assert store.outbox.rows[event_id].occurred_at == at, "in memory an event's own time stands for this one"
        store.outbox.published[event_id] = PublishedAt(topic="payment.success", partition=0, offset=0)

    async def set_aside(event_id: EventId) -> None:
        store.outbox.aside[event_id] = "poison"

    async def give(once: Once, at: datetime) -> None:
        store.answers[once.key] = KeptAnswer(fingerprint=once.fingerprint, answer=ANSWER, at=at)

    yield Stores(
        leftovers=MemoryLeftovers(store),
        publish=publish,
        set_aside=set_aside,
        give=give,
        orders=MemoryOrders(store),
        answers=MemoryAnswers(store),
        tickets=MemoryKitchenTickets(store),
        stations=MemoryKitchenStations(store),
        inbox=inbox,
        usages=MemoryAllocationUsages(store),
        webhooks=webhooks,
        parked=parked,
        outbox=outbox,
    )


@asynccontextmanager
async def postgres_stores(tables_url: str) -> AsyncGenerator[Stores]:
    """Yield stores on a migrated database, with little patience."""

    async def rows(query: bytes) -> list[dict[str, object]]:
        async with await psycopg.AsyncConnection.connect(tables_url, row_factory=dict_row) as connection:
            return await (await connection.execute(query)).fetchall()

    async def webhooks() -> list[ReceivedWebhook]:
        found = await rows(
            b"SELECT id, received_at, event_type, body, outcome FROM webhook_log ORDER BY received_at, id"
        )
        return [ReceivedWebhook(**row) for row in found]  # type: ignore[arg-type]  # a row's values are what they are

    async def parked() -> list[PaymentFact]:
        return [fact_of(row) for row in await rows(b"SELECT * FROM parked_payments ORDER BY parked_at")]

    async def outbox() -> list[Payload]:
        found = await rows(b"SELECT event_id, seq, convert_to(payload, 'UTF8') AS body FROM outbox")
        return [Payload(**row) for row in found]  # type: ignore[arg-type]  # the same

    async with Database(tables_url, patience=IMPATIENT) as database:
        yield Stores(
            leftovers=PostgresLeftovers(database),
            publish=partial(_publish, tables_url),
            set_aside=partial(_set_aside, tables_url),
            give=partial(_give, tables_url),
            orders=PostgresOrders(database),
            answers=PostgresAnswers(database),
            tickets=PostgresKitchenTickets(database),
            stations=PostgresKitchenStations(database),
            inbox=PostgresInbox(database),
            usages=PostgresAllocationUsages(database),
            webhooks=webhooks,
            parked=parked,
            outbox=outbox,
        )


async def _execute(tables_url: str, query: bytes, *values: object) -> None:
    async with await psycopg.AsyncConnection.connect(tables_url) as connection:
        await connection.execute(query, values)


async def _publish(tables_url: str, event_id: EventId, at: datetime) -> None:
    query = b"UPDATE outbox SET published_at = %s, partition = 0, log_offset = 0, cluster_id = 'c' WHERE event_id = %s"
    await _execute(tables_url, query, at, event_id)


async def _set_aside(tables_url: str, event_id: EventId) -> None:
    query = b"UPDATE outbox SET set_aside_at = now(), set_aside_reason = 'poison' WHERE event_id = %s"
    await _execute(tables_url, query, event_id)


async def _give(tables_url: str, once: Once, at: datetime) -> None:
    async with Database(tables_url) as database:
        await PostgresAnswers(database).keep(once.key, fingerprint=once.fingerprint, answer=ANSWER)
    query = b"UPDATE idempotency_keys SET created_at = %s WHERE digest = %s"
    await _execute(tables_url, query, at, key_values(once.key)["digest"])


ANSWER = StoredAnswer(status=201, headers=(), body=b"{}")
"""What `Stores.give` keeps."""

IMPATIENT = Patience(connection_seconds=3.0, lock_seconds=0.3)
"""For tests that wait for a lock in vain."""
