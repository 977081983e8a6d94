"""The ports at rest, on any store, with a way to see what they have written."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import psycopg
from psycopg.rows import dict_row

from sale_adapters.memory import ManualClock, MemoryAnswers, MemoryInbox, MemoryOrders, MemoryStore
from sale_adapters.postgres import Database, Patience, PostgresAnswers, PostgresInbox, PostgresOrders
from sale_adapters.postgres.rows import fact_of
from sale_domain.ids import EventId
from sale_domain.ledger import PaymentFact
from sale_domain.ports.answers import Answers
from sale_domain.ports.orders import Inbox, Orders, ReceivedWebhook


@attrs.frozen(kw_only=True)
class Payload:
    """What a store has put into its outbox for one event."""

    event_id: EventId
    seq: int
    body: bytes


@attrs.frozen(kw_only=True)
class Stores:
    """One store behind three ports, and what lies in it."""

    orders: Orders
    answers: Answers
    inbox: Inbox
    webhooks: Callable[[], Awaitable[list[ReceivedWebhook]]]
    parked: Callable[[], Awaitable[list[PaymentFact]]]
    outbox: Callable[[], Awaitable[list[Payload]]]


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

    yield Stores(
        orders=MemoryOrders(store),
        answers=MemoryAnswers(store),
        inbox=inbox,
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
            orders=PostgresOrders(database),
            answers=PostgresAnswers(database),
            inbox=PostgresInbox(database),
            webhooks=webhooks,
            parked=parked,
            outbox=outbox,
        )


IMPATIENT = Patience(connection_seconds=3.0, lock_seconds=0.3)
"""For tests that wait for a lock in vain."""
