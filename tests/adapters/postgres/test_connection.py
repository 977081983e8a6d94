"""How long anything may take, what an outage looks like, and when a transaction is tried again."""

import asyncio
import time

import psycopg
import pytest
from psycopg import errors

from orders_world import create
from sale_adapters.postgres import Database, Patience, PostgresOrders
from sale_adapters.postgres.connection import ATTEMPTS
from sale_adapters.postgres.trips import Begin, Query, Row, Statement, Trips
from sale_domain.errors import NotFound
from sale_domain.port_errors import StoreUnavailable

Other = psycopg.AsyncConnection
HURRIED = Patience(
    connection_seconds=0.2, lock_seconds=0.1, statement_seconds=0.2, idle_seconds=0.3, transaction_seconds=0.6
)


def query(text: str) -> Query:
    return Query(Statement(text.encode(), ()), {})


async def show(trips: Trips, *names: str) -> list[str]:
    found = await trips.go(*(query(f"SELECT current_setting('{name}') AS it") for name in names))
    return [rows[0]["it"] for rows in found]


async def test_every_wait_inside_a_transaction_is_bounded(tables_url: str) -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
    async with Database(tables_url, patience=HURRIED) as database:
        assert await database.transact(lambda trips: show(trips, *names)) == ["100ms", "200ms", "300ms", "600ms"]


async def test_commands_read_what_is_committed_and_reads_see_one_moment(database: Database) -> None:
    names = ("transaction_isolation", "transaction_read_only", "TimeZone")

    assert await database.transact(lambda trips: show(trips, *names)) == ["read committed", "off", "UTC"]
    reading = await database.transact(lambda trips: show(trips, *names), begin=Begin.TO_READ)
    assert reading == ["repeatable read", "on", "UTC"]


@pytest.mark.parametrize("slow", ["SELECT pg_sleep(9)", "DO $$ BEGIN PERFORM pg_sleep(9); END $$"])
async def test_a_statement_that_takes_too_long_is_an_outage(tables_url: str, slow: str) -> None:
    async with Database(tables_url, patience=HURRIED) as database:
        with pytest.raises(StoreUnavailable, match="statement timeout"):
            await database.transact(lambda trips: trips.go(query(slow), commit=True))


async def test_a_transaction_that_dawdles_is_an_outage(tables_url: str) -> None:
    async def dawdle(trips: Trips) -> None:
        await trips.go(query("SELECT 1"))
        await asyncio.sleep(0.5)
        await trips.go(query("SELECT 1"), commit=True)

    async with Database(tables_url, patience=HURRIED) as database:
        with pytest.raises(StoreUnavailable):
            await database.transact(dawdle)
        assert await database.is_there()


async def test_a_busy_pool_is_an_outage_after_a_short_wait(tables_url: str) -> None:
    async with Database(tables_url, connections=1, patience=HURRIED) as database:
        started = time.monotonic()
        free, busy = await asyncio.gather(
            database.transact(lambda _: asyncio.sleep(0.4)), _outcome(database), return_exceptions=True
        )

    assert free is None
    assert isinstance(busy, StoreUnavailable)
    assert time.monotonic() - started < 2


async def _outcome(database: Database) -> object:
    await asyncio.sleep(0.05)
    return await database.transact(lambda trips: trips.go(query("SELECT 1")))


async def test_a_database_that_is_away_is_an_outage_and_not_there() -> None:
    nowhere = "postgresql://sale@127.0.0.1:1/sale"
    async with Database(nowhere, patience=HURRIED) as database:
        assert not await database.is_there()
        with pytest.raises(StoreUnavailable):
            await database.transact(lambda trips: trips.go(query("SELECT 1")))


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_victim_of_a_collision_is_tried_again(database: Database, state: str) -> None:
    tries = 0

    async def work(trips: Trips) -> list[Row]:
        nonlocal tries
        tries += 1
        collision = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$" if tries < 3 else "SELECT 1"
        _, found = await trips.go(query(collision), query("SELECT 7 AS it"), commit=True)
        return found

    assert await database.transact(work) == [{"it": 7}]
    assert tries == 3


async def test_a_transaction_that_always_collides_is_given_up(database: Database) -> None:
    tries = 0

    async def work(trips: Trips) -> None:
        nonlocal tries
        tries += 1
        await trips.go(query("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))

    with pytest.raises(StoreUnavailable):
        await database.transact(work)
    assert tries == ATTEMPTS


async def test_two_that_lock_each_other_out_both_finish(tables_url: str) -> None:
    async with Database(tables_url) as patient:
        orders = PostgresOrders(patient)
        first, second = (await create(orders)).id, (await create(orders)).id
        met = asyncio.Barrier(2)

        async def lock(one: str, then: str, tries: list[str]) -> None:
            async def work(trips: Trips) -> None:
                tries.append(one)
                await trips.go(query(f"SELECT FROM sale_orders WHERE id = '{one}' FOR UPDATE"))
                if len(tries) == 1:
                    await met.wait()
                await trips.go(query(f"SELECT FROM sale_orders WHERE id = '{then}' FOR UPDATE"), commit=True)

            await patient.transact(work)

        here: list[str] = []
        there: list[str] = []
        await asyncio.gather(lock(first, second, here), lock(second, first, there))

    assert len(here) + len(there) == 3


async def test_a_bug_in_a_statement_is_no_outage(database: Database) -> None:
    with pytest.raises(errors.UndefinedTable):
        await database.transact(lambda trips: trips.go(query("SELECT FROM no_such_table")))


async def test_a_rollback_forgets_nothing_however_often_the_connection_was_asked_whether_it_is_there(
    tables_url: str,
) -> None:
    async def refused(trips: Trips) -> None:
        await trips.go(query("SELECT 1 AS n"))
        raise NotFound(thing="order")

    async with Database(tables_url, connections=1) as database:
        for _ in range(10):  # more often than psycopg needs to prepare a statement of its own
            assert await database.is_there()
        with pytest.raises(NotFound):
            await database.transact(refused)
        assert await database.read(query("SELECT 1 AS n")) == [[{"n": 1}]]
