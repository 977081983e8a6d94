"""Sale behind a real PgBouncer in transaction mode, where the next transaction may have anybody's session.

Each test is run twice: with a pooler that keeps prepared statements apart, and with one that knows nothing of them.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal

import psycopg
import pytest
from psycopg import errors

import services
from lookout import until_waiting
from orders_world import adding, attempt, breakfast, checking_out, create, fresh_merchant, opened, paying, pho
from outbox_tables import make_tables
from pgbouncer import PgBouncer
from sale_adapters.postgres import Database, Patience, PostgresOrders
from sale_adapters.postgres.migrations.pending import pending
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.outbox_desk import PostgresOutboxDesk
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_adapters.postgres.sessions import Way
from sale_adapters.postgres.trips import Begin, Query, Statement, Trips
from sale_app.doctor.database import look_at_database
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.port_errors import StoreBusy, StoreUnavailable
from sale_domain.ports.orders import Decision
from sale_domain.ports.publishing import Shard
from stores import IMPATIENT

SERVERS = 2
TIME_OUTS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
OWN = ["300ms", "5s", "5s", "15s"]
"""Those of `IMPATIENT`."""


@pytest.fixture(scope="module", params=[200, 0], ids=["keeps statements", "loses statements"])
def pooler(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[PgBouncer]:
    """Yield a pooler with two connections to each database, after which its clients wait for a second."""
    with services.running(
        lambda home: PgBouncer(data_dir=home, server_url=postgres_url, servers=SERVERS, prepared=request.param)
    ) as part:
        yield part


@pytest.fixture
def pooled_url(pooler: PgBouncer, tables_url: str) -> str:
    return pooler.through(tables_url)


@pytest.fixture
async def pooled(pooled_url: str) -> AsyncGenerator[Database]:
    async with Database(pooled_url, patience=IMPATIENT) as database:
        yield database


def query(text: str) -> Query:
    return Query(Statement(text.encode()), {})


async def shown(trips: Trips) -> list[str]:
    found = await trips.go(*(query(f"SELECT current_setting('{name}') AS it") for name in TIME_OUTS))
    return [rows[0]["it"] for rows in found]


async def sessions(other: psycopg.AsyncConnection) -> int:
    """Count the server's sessions in this database, but for the one that asks."""
    found = await other.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    ((count,),) = await found.fetchall()
    return int(count)


async def strangers_settings(url: str) -> set[tuple[str, ...]]:
    """Return what clients that have set nothing find set, on every session that there is."""
    found = set()
    async with AsyncExitStack() as stack:
        for _ in range(SERVERS):
            client = await stack.enter_async_context(await psycopg.AsyncConnection.connect(url))
            rows = await client.execute("SELECT current_setting(name) FROM unnest(%s::text[]) name", ([*TIME_OUTS],))
            found.add(tuple(value for (value,) in await rows.fetchall()))
            # The transaction stays open, so that the next client meets another session.
    return found


async def whole_order(orders: PostgresOrders) -> Order:
    """Open an order, add to it, check out, pay twice, and read it."""
    change = opened(fresh_merchant(), pho(), breakfast())
    order = (await orders.create(Decision(change=change), once=None)).order
    for decide in (
        adding(pho(note="no onions")),
        adding(pho(quantity=1)),
        checking_out(),
        paying(attempt(order.id, 100_000)),
        paying(attempt(order.id, 420_000, uid="attempt-2")),
    ):
        await orders.change(order.id, decide, merchant_id=order.merchant_id)
    return (await orders.find(order.id, merchant_id=order.merchant_id)).order


@asynccontextmanager
async def replicas(url: str, count: int) -> AsyncGenerator[list[PostgresOrders]]:
    async with AsyncExitStack() as stack:
        patient = Patience(connection_seconds=30)
        yield [
            PostgresOrders(await stack.enter_async_context(Database(url, connections=6, patience=patient)))
            for _ in range(count)
        ]


async def test_what_stands_in_between_is_found_out(pooler: PgBouncer, pooled: Database, database: Database) -> None:
    async with pooled._pool.connection() as behind, database._pool.connection() as straight:
        assert straight.way is Way.STRAIGHT
        assert behind.way is (Way.KEEPS_STATEMENTS if pooler.prepared else Way.LOSES_STATEMENTS)


async def test_the_doctor_tells_of_it(pooler: PgBouncer, pooled_url: str, tables_url: str) -> None:
    seen = await look_at_database(pooled_url, pool_size=None)

    assert "behind a pooler" in seen.words
    assert "behind" not in (await look_at_database(tables_url, pool_size=None)).words
    assert ("prepared statements" in (seen.mind or "")) is not bool(pooler.prepared)


async def test_many_clients_sell_whole_orders_over_two_sessions(
    pooled_url: str, other: psycopg.AsyncConnection
) -> None:
    async with replicas(pooled_url, 3) as stores:
        sold = await asyncio.gather(*(whole_order(orders) for orders in stores for _ in range(8)))
        assert await sessions(other) <= SERVERS

    assert {(order.status, order.version, order.transition) for order in sold} == {(OrderStatus.COMPLETED, 6, 2)}
    assert {order.paid.amount for order in sold} == {Decimal(520_000)}
    told = await other.execute(
        "SELECT count(*), count(DISTINCT (order_id, transition)) FROM outbox WHERE order_id = ANY (%s)",
        ([order.id for order in sold],),
    )
    assert await told.fetchone() == (48, 48)


async def test_every_transaction_has_its_own_clients_time_outs_and_leaves_none_behind(pooled_url: str) -> None:
    hurried = Patience(lock_seconds=0.1, statement_seconds=0.2, idle_seconds=0.3, transaction_seconds=0.6)
    async with Database(pooled_url, patience=hurried) as one, Database(pooled_url, patience=IMPATIENT) as two:
        for _ in range(SERVERS + 1):
            assert await one.transact(shown) == ["100ms", "200ms", "300ms", "600ms"]
            assert await two.transact(shown) == OWN
            assert await two.transact(shown, begin=Begin.TO_READ) == OWN
    assert await strangers_settings(pooled_url) == {("0", "0", "0", "0")}


async def test_times_are_read_as_utc_whatever_another_client_has_asked_for(pooled_url: str, pooled: Database) -> None:
    async with await psycopg.AsyncConnection.connect(pooled_url, autocommit=True) as stranger:
        for _ in range(SERVERS + 1):
            await stranger.execute("SET TimeZone = 'Asia/Ho_Chi_Minh'")
            ((row,),) = await pooled.read(query("SELECT current_setting('TimeZone') AS zone, now() AS now"))
            assert (row["zone"], str(row["now"].utcoffset())) == ("UTC", "0:00:00")


async def test_a_lock_that_is_not_granted_in_time_is_told_and_forgotten(
    pooled: Database, other: psycopg.AsyncConnection
) -> None:
    orders = PostgresOrders(pooled)
    order = await create(orders)
    await other.execute("BEGIN")
    await other.execute("SELECT FROM sale_orders WHERE id = %s FOR UPDATE", (order.id,))

    for _ in range(SERVERS + 1):
        with pytest.raises(StoreBusy, match="lock timeout"):
            await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)

    await other.execute("ROLLBACK")
    assert (await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)).view.order.version == 2


async def test_a_caller_who_gives_up_leaves_nobody_waiting_for_the_lock(
    pooled_url: str, other: psycopg.AsyncConnection, database: Database
) -> None:
    order = await create(PostgresOrders(database))
    await other.execute("BEGIN")
    await other.execute("SELECT FROM sale_orders WHERE id = %s FOR UPDATE", (order.id,))
    async with Database(pooled_url) as patient:
        orders = PostgresOrders(patient)
        command = asyncio.create_task(orders.change(order.id, adding(pho()), merchant_id=order.merchant_id))
        await until_waiting(other, sessions=1)
        command.cancel()
        with pytest.raises(asyncio.CancelledError):
            await command
        await until_waiting(other, sessions=0)
        await other.execute("ROLLBACK")
        assert (await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)).view.order.version == 2


async def test_what_an_error_has_cut_off_is_prepared_again_by_whoever_needs_it(pooled_url: str) -> None:
    """Those behind the failed one were sent to be prepared, and never were; some clients later know them, some not."""
    behind = [query(f"SELECT {number} AS n") for number in range(20)]
    async with Database(pooled_url, patience=IMPATIENT) as one, Database(pooled_url, patience=IMPATIENT) as two:
        for database in (one, two, one, two):
            with pytest.raises(errors.DivisionByZero):
                await database.transact(lambda trips: trips.go(query("SELECT 1/0"), *behind, commit=True))
            for reader in (two, one):
                assert await reader.read(*behind) == [[{"n": number}] for number in range(20)]


async def test_a_session_that_is_killed_between_the_trips_is_an_outage_for_its_client_alone(
    pooled_url: str, pooled: Database, tables_url: str
) -> None:
    orders = PostgresOrders(pooled)
    order = await create(orders)

    def decide(order: Order) -> Decision:
        with psycopg.connect(tables_url, autocommit=True) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'idle in transaction'"
            )
        return adding(pho())(order)

    with pytest.raises(StoreUnavailable, match="terminating connection"):
        await orders.change(order.id, decide, merchant_id=order.merchant_id)

    assert (await orders.find(order.id, merchant_id=order.merchant_id)).order == order
    async with replicas(pooled_url, 2) as stores:
        sold = await asyncio.gather(*(whole_order(each) for each in stores for _ in range(4)))
    assert {each.status for each in sold} == {OrderStatus.COMPLETED}


async def test_sessions_that_are_killed_at_rest_cost_no_call(pooled: Database, tables_url: str) -> None:
    orders = PostgresOrders(pooled)
    order = await create(orders)
    with psycopg.connect(tables_url, autocommit=True) as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'sale'"
        )
    assert (await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)).view.order.version == 2


async def test_when_others_have_all_sessions_it_is_an_outage_after_a_short_wait(
    pooled_url: str, pooled: Database
) -> None:
    assert await pooled.is_there()
    async with AsyncExitStack() as stack:
        for _ in range(SERVERS):
            greedy = await stack.enter_async_context(await psycopg.AsyncConnection.connect(pooled_url))
            await greedy.execute("SELECT 1")
        with pytest.raises(StoreUnavailable, match="query_wait_timeout"):
            await pooled.read(query("SELECT 1 AS n"))
    assert await pooled.read(query("SELECT 1 AS n")) == [[{"n": 1}]]


async def test_the_relay_and_its_desk_bound_each_transaction_and_leave_nothing_behind(
    pooler: PgBouncer, postgres_url: str
) -> None:
    shard = Shard(layout=1, index=0, shards=1)
    with services.fresh_database(postgres_url) as url:
        make_tables(url)
        pooled_url = pooler.through(url)
        async with PostgresRelayOutbox(pooled_url) as outbox:
            await outbox.make_ready(await outbox.add_layout(number=1, shards=1))
            lease = await outbox.take(shard, owner="me", lease_seconds=60)
            assert lease is not None
            async with outbox._fenced(lease) as trips:
                assert await trips.go(query("SELECT current_setting('transaction_timeout') AS s")) == [[{"s": "3s"}]]
            async with outbox._connection() as connection:
                found = await connection.execute("SELECT current_setting('transaction_timeout')")
                assert await found.fetchone() == ("3s",)
            for _ in range(10):  # more often than psycopg needs to prepare a statement
                assert await outbox.unpublished(lease, limit=10) == ()
                await outbox.renew(shard, owner="me", lease_seconds=60)
            assert (await outbox.recorded(lease)).offsets == {}
        assert await PostgresOutboxDesk(pooled_url).unpublished(set_aside_only=False, limit=10) == ()
        assert await strangers_settings(pooled_url) == {("0", "0", "0", "0")}


def test_several_may_migrate_at_once_through_it_and_no_lock_stays(postgres_url: str) -> None:
    with (
        services.running(lambda home: PgBouncer(data_dir=home, server_url=postgres_url, servers=8)) as roomy,
        services.fresh_database(postgres_url) as url,
        ThreadPoolExecutor(3) as threads,
    ):
        for done in [threads.submit(migrate, roomy.through(url)) for _ in range(3)]:
            done.result()

        assert pending(roomy.through(url)) == ()
        with psycopg.connect(url) as looking:
            assert looking.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)
