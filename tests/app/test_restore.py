"""A restore to a point in time, with PostgreSQL's own tools, as docs/how-to/back-up-and-restore.md says it.

What was published after that point is found in the log and not sent again; what came after it is gone.
"""

import asyncio
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

import evening
from relay_world import KITCHEN, PAYMENTS
from sale_adapters.embedded import EmbeddedPostgres
from sale_adapters.embedded.postgres import programs
from sale_adapters.embedded.unprivileged import give, unprivileged_user
from sale_adapters.memory import MemoryEventLog
from sale_adapters.postgres import Database, PostgresOrders
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_app.relay_process import RelayProcess
from sale_domain.publishing import RelayPolicy

QUICK = RelayPolicy(topics=(PAYMENTS, KITCHEN), poll_seconds=0.01, lease_seconds=0.5, shortest_wait_seconds=0.01)


async def relay(url: str, log: MemoryEventLog) -> None:
    """Let a relay publish until the outbox is empty."""
    stop = asyncio.Event()
    async with PostgresRelayOutbox(url) as outbox, asyncio.timeout(60):
        running = asyncio.create_task(RelayProcess(outbox=outbox, log=log, policy=QUICK, shards=1, stop=stop).run())
        while ask(url, "SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1"):  # noqa: ASYNC110 - a table tells nobody
            await asyncio.sleep(0.02)
        stop.set()
        await running


async def sell(url: str) -> evening.Evening:
    async with Database(url) as database:
        return await evening.play(PostgresOrders(database))


def ask(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Say statements, each by itself; return what the last one finds."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


def base_backup(url: str, home: Path) -> None:
    """Take a base backup of a running server."""
    place = urlsplit(url)
    tool = [str(programs() / "pg_basebackup"), "-h", "127.0.0.1", "-p", str(place.port), "-U", str(place.username)]
    subprocess.run([*tool, "-D", str(home), "-X", "fetch"], check=True)  # noqa: S603 - PostgreSQL's own


async def archiving_server(home: Path) -> EmbeddedPostgres:
    """Start a server that keeps its log in `archive`; its working directory, and its commands', is the cluster."""
    server = EmbeddedPostgres(data_dir=home, durable=False)
    await server.start()
    archive = home / "cluster" / "archive"
    archive.mkdir()
    give(archive, unprivileged_user())
    settings = ("archive_mode = on", "archive_command = 'cp %p archive/%f'")
    ask(server.url, *(f"ALTER SYSTEM SET {setting}" for setting in settings))
    await server.stop()
    await server.start()
    return server


def prepare_recovery(cluster: Path, archive: Path, *, until: str) -> None:
    """Tell a base backup to go on to a point in time."""
    shutil.copytree(archive, cluster / "archive", dirs_exist_ok=True)
    (cluster / "recovery.signal").touch()
    with (cluster / "postgresql.auto.conf").open("a") as settings:
        settings.write("archive_mode = off\nrestore_command = 'cp archive/%f %p'\n")
        settings.write(f"recovery_target_time = '{until}'\nrecovery_target_action = promote\n")


def published(log: MemoryEventLog) -> list[str]:
    """Return the ids of every record that a consumer sees."""
    return [
        place.row.event_id
        for content in log.partitions.values()
        for place in content.places[: content.last_stable()]
        if place.row is not None
    ]


async def test_a_restore_to_a_point_in_time_has_what_was_before_and_sends_nothing_twice(tmp_path: Path) -> None:
    first, second, log = tmp_path / "first", tmp_path / "second", evening.new_log()
    server = await archiving_server(first)
    archive = first / "cluster" / "archive"
    migrate(server.url)
    await sell(server.url)
    await relay(server.url, log)
    base_backup(server.url, second / "cluster")
    kept = await sell(server.url)
    ((until,),) = ask(server.url, "SELECT clock_timestamp()::text")
    lost = await sell(server.url)
    await relay(server.url, log)
    told = published(log)
    ((wal,),) = ask(server.url, "SELECT pg_walfile_name(pg_current_wal_lsn())")
    ask(server.url, "SELECT pg_switch_wal()")
    async with asyncio.timeout(30):
        while not (archive / str(wal)).exists():  # noqa: ASYNC110 - a server tells nobody
            await asyncio.sleep(0.05)
    await server.stop()

    prepare_recovery(second / "cluster", archive, until=str(until))
    restored = EmbeddedPostgres(data_dir=second, durable=False)
    await restored.start()
    try:
        async with asyncio.timeout(60):
            while ask(restored.url, "SELECT pg_is_in_recovery()") == [(True,)]:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
        orders = {str(order) for (order,) in ask(restored.url, "SELECT id FROM sale_orders")}
        waiting = ask(restored.url, "SELECT event_id FROM outbox WHERE published_at IS NULL")
        await relay(restored.url, log)
    finally:
        await restored.stop()

    assert kept.completed in orders
    assert lost.completed not in orders
    assert {event for (event,) in waiting} < set(told), "published after the point in time, and not known any more"
    assert len(waiting) > 3
    assert published(log) == told
    assert len(set(told)) == len(told)
