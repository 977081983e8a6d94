"""Connections that are kept for mq-pay: whatever the tills do, money is written down, and reads go on beside it."""

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest

from orders_world import attempt, create, delivered, paying
from sale_adapters.postgres import Database, Patience, PostgresInbox, PostgresOrders
from sale_adapters.postgres.trips import Trips
from sale_domain.ids import bucket_of
from sale_domain.port_errors import StoreUnavailable

CONNECTIONS, RESERVED = 4, 1
BRIEF = Patience(connection_seconds=0.3)


@pytest.fixture
def waits() -> list[float]:
    """Return where `crowded` tells how long each caller waited for a connection, in seconds."""
    return []


@pytest.fixture
async def crowded(tables_url: str, waits: list[float]) -> AsyncGenerator[Database]:
    """Yield a database whose ordinary connections are all held, with a long queue for them."""
    released = asyncio.Event()

    async def hold(_: Trips) -> None:
        await released.wait()

    async with Database(
        tables_url, connections=CONNECTIONS, reserved=RESERVED, patience=BRIEF, waited=waits.append
    ) as database:
        holding = asyncio.gather(*(database.transact(hold) for _ in range(30)), return_exceptions=True)
        while database.connections().waiting < 30 - (CONNECTIONS - RESERVED):  # noqa: ASYNC110 - a pool tells nobody
            await asyncio.sleep(0)
        yield database
        released.set()
        await holding


async def test_a_payment_and_the_raw_log_find_their_connection_while_all_others_are_held(
    tables_url: str, crowded: Database
) -> None:
    async with Database(tables_url) as beside:
        order = await create(PostgresOrders(beside))

    async with asyncio.timeout(BRIEF.connection_seconds):
        paid = await PostgresOrders(crowded).change(order.id, paying(attempt(order.id, 65_000)), merchant_id=None)
        await PostgresInbox(crowded).log(delivered(bucket=bucket_of(order.id)))

    assert paid.view.order.ledger.facts


async def test_a_till_does_not_get_the_reserved_connection_and_is_told_soon(crowded: Database) -> None:
    order_id = "01KE6YB4M0000000000000000126"
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match="in use"):
        await PostgresOrders(crowded).find(order_id, merchant_id="merchant-1")  # type: ignore[arg-type]  # see NewType

    assert time.monotonic() - started < BRIEF.connection_seconds + 1


async def test_every_wait_is_told_those_too_that_were_in_vain(crowded: Database, waits: list[float]) -> None:
    async with asyncio.timeout(10):
        while len(waits) < 30:  # noqa: ASYNC110 - those in the queue give up by themselves
            await asyncio.sleep(0.01)
    in_vain = [seconds for seconds in waits if seconds == BRIEF.connection_seconds]
    await PostgresInbox(crowded).log(delivered(bucket=0))

    assert len(in_vain) == 30 - (CONNECTIONS - RESERVED)
    assert len(waits) == 31
    assert waits[-1] < BRIEF.connection_seconds


async def test_a_crowded_database_is_there(crowded: Database) -> None:
    assert await crowded.is_there()


async def test_a_caller_who_leaves_the_queue_leaves_no_gap_in_it(tables_url: str) -> None:
    async def nothing(_: Trips) -> None:
        await asyncio.sleep(0)

    async with Database(tables_url, connections=2, reserved=1, patience=BRIEF) as database:
        released = asyncio.Event()
        held = asyncio.Event()

        async def hold(_: Trips) -> None:
            held.set()
            await released.wait()

        first = asyncio.create_task(database.transact(hold))
        await held.wait()
        leaving = asyncio.create_task(database.transact(nothing))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert database.connections().waiting == 0
        released.set()
        await first
        await asyncio.gather(*(database.transact(nothing) for _ in range(10)))
