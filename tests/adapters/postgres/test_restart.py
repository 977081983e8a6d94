"""A restart of PostgreSQL under a warm pool: once it is back, nobody is refused for the connections of before."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import psycopg
import pytest

import services
from processes import eventually
from sale_adapters.embedded import EmbeddedPostgres
from sale_adapters.postgres import Database
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_adapters.postgres.trips import Row, Statement, Trips
from sale_domain.port_errors import StoreUnavailable

CONNECTIONS = 5
ASK = Statement(b"SELECT pg_backend_pid() AS pid, pg_sleep(0.05)")()


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """Yield a server of the test's own, to be restarted."""

    def make(home: Path) -> EmbeddedPostgres:
        return EmbeddedPostgres(data_dir=home, durable=False)

    with services.running(make) as part:
        yield part


@pytest.fixture
async def warm(server: EmbeddedPostgres) -> AsyncGenerator[Database]:
    """Yield a database with all of its connections made and at rest."""
    async with Database(server.url, connections=CONNECTIONS) as database:
        await asyncio.gather(*(ask(database) for _ in range(4 * CONNECTIONS)))
        assert await eventually(lambda: database.connections().available == CONNECTIONS)
        yield database


async def ask(database: Database) -> int:
    async def work(trips: Trips) -> list[Row]:
        (found,) = await trips.go(ASK, commit=True)
        return found

    (row,) = await database.transact(work)
    pid: int = row["pid"]
    return pid


@pytest.mark.parametrize("way", ["killed", "stopped"])
async def test_after_a_restart_at_rest_no_call_meets_a_dead_connection(
    server: EmbeddedPostgres, warm: Database, way: str
) -> None:
    if way == "killed":
        server.process.kill()
    await server.stop()
    await server.start()

    pids = await asyncio.gather(*(ask(warm) for _ in range(4 * CONNECTIONS)))

    assert len(set(pids)) <= CONNECTIONS


async def test_after_an_outage_under_load_the_first_call_that_comes_is_answered(
    server: EmbeddedPostgres, warm: Database
) -> None:
    is_back, refused_before, refused_after, answered_after = False, 0, 0, 0

    async def caller() -> None:
        nonlocal refused_before, refused_after, answered_after
        while answered_after < 50:
            began_after = is_back
            try:
                await ask(warm)
                answered_after += began_after
            except StoreUnavailable:
                refused_after += began_after
                refused_before += not began_after

    callers = asyncio.gather(*(caller() for _ in range(2 * CONNECTIONS)))
    await server.stop()
    assert await eventually(lambda: refused_before > 8 * CONNECTIONS, within_seconds=60)
    await server.start()
    is_back = True
    await callers

    assert refused_after == 0


async def test_a_backend_that_an_administrator_ends_costs_no_call(server: EmbeddedPostgres, warm: Database) -> None:
    async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as other:
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'sale'"
        assert len(await (await other.execute(ended)).fetchall()) == CONNECTIONS

    await asyncio.gather(*(ask(warm) for _ in range(2 * CONNECTIONS)))


async def test_what_a_server_says_unasked_costs_a_connection_and_no_call(
    server: EmbeddedPostgres, warm: Database
) -> None:
    async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as other:
        await other.execute("ALTER SYSTEM SET standard_conforming_strings = off")
        await other.execute("SELECT pg_reload_conf()")

    await asyncio.gather(*(ask(warm) for _ in range(2 * CONNECTIONS)))


async def test_the_relays_connections_are_alive_after_a_restart(server: EmbeddedPostgres) -> None:
    async with PostgresRelayOutbox(server.url) as outbox:
        await asyncio.to_thread(migrate, server.url)
        assert await outbox.newest_layout() is None
        await server.stop()
        await server.start()

        assert await outbox.newest_layout() is None
