"""What a transaction in two round trips does when something goes wrong on the way."""

import asyncio
import tempfile

import psycopg
import pytest
from psycopg import DataError, errors

from lookout import until_waiting
from orders_world import adding, create, pho
from sale_adapters.postgres import Database, PostgresOrders, rows
from sale_adapters.postgres import statements as sql
from sale_adapters.postgres.trips import Begin, Query, Session, Statement, Trips
from sale_domain.allocation_errors import UnitInUse
from sale_domain.ids import merchant_bucket
from sale_domain.orders import Order
from sale_domain.port_errors import KeyInUse, StoreBusy, StoreUnavailable
from sale_domain.ports.orders import Decision

Other = psycopg.AsyncConnection


def query(text: str) -> Query:
    return Query(Statement(text.encode(), ()), {})


async def held(other: Other, order: Order) -> None:
    """Lock an order until the other one's transaction ends."""
    await other.execute("BEGIN")
    await other.execute("SELECT FROM sale_orders WHERE id = %s FOR UPDATE", (order.id,))


async def test_each_query_gets_its_own_rows(database: Database) -> None:
    async def work(trips: Trips) -> object:
        return await trips.go(
            query("SELECT 1 AS a"), query("SELECT 2 AS b WHERE false"), query("SET a.b = 1"), commit=True
        )

    assert await database.transact(work) == [[{"a": 1}], [], []]


async def test_a_statement_is_prepared_once_however_often_it_is_sent(database: Database) -> None:
    statement = Statement(b"SELECT $1::int AS once", ("n",))

    async def work(trips: Trips) -> object:
        await trips.go(*(statement(n=n) for n in range(5)))
        await trips.go(statement(n=70_000), statement(n=None))
        (found,) = await trips.go(query("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%AS once'"))
        return len(found)

    assert await database.transact(work) == 1


async def test_a_row_that_is_unique_is_said_in_the_words_of_its_statement_and_no_others(database: Database) -> None:
    taken = UnitInUse(unit_id="table-4")
    twice = "CREATE TEMP TABLE once (n int PRIMARY KEY) ON COMMIT DROP", "INSERT INTO once VALUES (1), (1)"

    async def work(trips: Trips) -> object:
        table, rows = map(query, twice)
        await trips.go(table)
        return await trips.go(rows.or_taken(taken), query("SELECT 1"), commit=True)

    async def unsaid(trips: Trips) -> object:
        table, rows = map(query, twice)
        await trips.go(table.or_taken(taken))
        return await trips.go(rows, query("SELECT 1").or_taken(taken), commit=True)

    with pytest.raises(UnitInUse) as refusal:
        await database.transact(work)
    assert refusal.value is taken
    with pytest.raises(errors.UniqueViolation):
        await database.transact(unsaid)
    with pytest.raises(errors.DivisionByZero):
        await database.transact(lambda trips: trips.go(query("SELECT 1 / 0").or_taken(taken)))


@pytest.mark.parametrize("texts", [[], ["", 'a"b', "c\\d", "{e,f}", "NULL", " g ", "phở"]])
async def test_a_list_of_texts_arrives_as_it_was(database: Database, texts: list[str]) -> None:
    statement = Statement(b"SELECT $1::text[] AS it", ("texts",))

    assert await database.transact(lambda trips: trips.go(statement(texts=texts), commit=True)) == [[{"it": texts}]]


async def test_a_text_with_nul_is_refused_and_not_cut_off(database: Database) -> None:
    statement = Statement(b"SELECT $1::text AS it", ("text",))

    with pytest.raises(DataError):
        await database.transact(lambda trips: trips.go(statement(text="phở\0bò"), commit=True))
    assert await database.is_there()


async def test_a_transaction_is_as_many_round_trips_as_it_has_trips(tables_url: str) -> None:
    async with await Session.connect(tables_url, autocommit=True) as connection:
        with tempfile.TemporaryFile() as log:
            connection.pgconn.trace(log.fileno())
            trips = Trips(connection, begin=Begin.TO_WRITE)
            await trips.go(query("SELECT 1"), query("SELECT 2"))
            await trips.go(query("SELECT 3"), commit=True)
            await connection.rollback()
            connection.pgconn.untrace()
            log.seek(0)
            traced = log.read().decode(errors="replace").splitlines()

    assert len([line for line in traced if "\tReadyForQuery" in line]) == 2


async def test_a_failed_write_keeps_everything_from_being_committed(orders: PostgresOrders, database: Database) -> None:
    order = await create(orders)

    async def twice(trips: Trips) -> None:
        bucket = merchant_bucket(order.merchant_id)
        await trips.go(
            sql.RAISE_FEED(bucket=bucket, merchant_id=order.merchant_id),
            sql.INSERT_ORDER(**rows.order_values(order)),
            sql.RAISE_FEED(bucket=bucket, merchant_id=order.merchant_id),
            commit=True,
        )

    with pytest.raises(errors.UniqueViolation):
        await database.transact(twice)

    assert (await orders.find(order.id, merchant_id=order.merchant_id)).feed_seq == 1


async def test_an_update_that_misses_its_version_fails_and_commits_nothing(
    orders: PostgresOrders, database: Database
) -> None:
    order = await create(orders)
    change = order.add_item(pho(), at=order.created_at, by="user-1")
    values = rows.order_values(change.order)
    assert change.entries
    entry = rows.entry_values(change.entries[0], change.order)

    async def stale(trips: Trips) -> None:
        await trips.go(
            sql.UPDATE_ORDER(**values, key_bucket=values["bucket"], key_id=order.id, key_version=7),
            sql.RAISE_FEED(bucket=values["bucket"], merchant_id=order.merchant_id),
            sql.INSERT_ENTRY(**entry),
            commit=True,
        )

    with pytest.raises(errors.NotNullViolation):
        await database.transact(stale)

    found = await orders.find(order.id, merchant_id=order.merchant_id)
    assert (found.order, found.feed_seq) == (order, 1)


async def test_an_entry_without_its_merchants_counter_fails(orders: PostgresOrders, database: Database) -> None:
    order = await create(orders)
    change = order.add_item(pho(), at=order.created_at, by="user-1")
    assert change.entries
    entry = {**rows.entry_values(change.entries[0], order), "merchant_id": "merchant-without-counter", "version": 1}

    with pytest.raises(errors.NotNullViolation):
        await database.transact(lambda trips: trips.go(sql.INSERT_ENTRY(**entry), commit=True))


async def test_nothing_can_follow_the_commit(database: Database) -> None:
    async def work(trips: Trips) -> None:
        await trips.go(query("SELECT 1"), commit=True)
        await trips.go(query("SELECT 2"))

    with pytest.raises(AssertionError, match="nothing follows COMMIT"):
        await database.transact(work)


async def test_what_is_not_committed_is_rolled_back(database: Database, other: Other) -> None:
    await database.transact(lambda trips: trips.go(query("CREATE TABLE forgotten ()")))

    row = await (await other.execute("SELECT to_regclass('forgotten')")).fetchone()
    assert row == (None,)


async def test_a_lock_that_is_not_granted_in_time_is_told_from_an_outage(orders: PostgresOrders, other: Other) -> None:
    order = await create(orders)
    await held(other, order)

    with pytest.raises(StoreBusy, match="lock timeout"):
        await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)

    await other.execute("ROLLBACK")
    made = await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)
    assert made.view.order.version == 2


async def test_the_late_statement_decides_what_a_lock_timeout_means(
    orders: PostgresOrders, database: Database, other: Other
) -> None:
    order = await create(orders)
    await held(other, order)
    lock = sql.LOCK_ORDER(bucket=merchant_bucket(order.merchant_id), id=order.id)

    with pytest.raises(KeyInUse):
        await database.transact(lambda trips: trips.go(query("SELECT 1"), lock.or_late(KeyInUse()), query("SELECT 2")))
    with pytest.raises(StoreUnavailable):
        await database.transact(lambda trips: trips.go(query("SELECT 1").or_late(KeyInUse()), lock, commit=True))
    await other.execute("ROLLBACK")


async def test_a_cancelled_command_leaves_nobody_waiting_for_the_lock(tables_url: str, other: Other) -> None:
    async with Database(tables_url) as patient:
        orders = PostgresOrders(patient)
        order = await create(orders)
        await held(other, order)
        command = asyncio.create_task(orders.change(order.id, adding(pho()), merchant_id=order.merchant_id))
        async with await psycopg.AsyncConnection.connect(tables_url, autocommit=True) as third:
            await until_waiting(third, sessions=1)
            command.cancel()
            with pytest.raises(asyncio.CancelledError):
                await command
            await until_waiting(third, sessions=0)
        await other.execute("ROLLBACK")
        assert await orders.find(order.id, merchant_id=order.merchant_id)
        assert (await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)).view.order.version == 2


async def test_a_backend_that_is_killed_while_it_waits_is_an_outage(tables_url: str, other: Other) -> None:
    async with Database(tables_url) as patient:
        orders = PostgresOrders(patient)
        order = await create(orders)
        await held(other, order)
        command = asyncio.create_task(orders.change(order.id, adding(pho()), merchant_id=order.merchant_id))
        async with await psycopg.AsyncConnection.connect(tables_url, autocommit=True) as third:
            await until_waiting(third, sessions=1)
            await third.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        with pytest.raises(StoreUnavailable, match="terminating connection"):
            await command
        await other.execute("ROLLBACK")
        assert (await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)).view.order.version == 2


async def test_a_backend_that_is_killed_between_the_trips_is_an_outage(orders: PostgresOrders, tables_url: str) -> None:
    order = await create(orders)

    def decide(order: Order) -> Decision:
        with psycopg.connect(tables_url, autocommit=True) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'sale' AND state = 'idle in transaction'"
            )
        return adding(pho())(order)

    with pytest.raises(StoreUnavailable, match="terminating connection"):
        await orders.change(order.id, decide, merchant_id=order.merchant_id)

    found = await orders.find(order.id, merchant_id=order.merchant_id)
    assert (found.order, found.feed_seq) == (order, 1)
