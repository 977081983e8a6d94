"""Every process at a database that nobody has migrated: one line says what helps, and what waits goes on by itself."""

import asyncio
import logging
import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest
from typer.testing import CliRunner

from relay_world import PAYMENTS
from sale_adapters.memory.event_log import MemoryEventLog
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_app.cli import app
from sale_app.relay_process import RelayProcess
from sale_app.server import tell_what_lacks
from sale_domain.publishing import RelayPolicy
from services import fresh_database
from spoken import said
from stack import served


@pytest.mark.parametrize(
    "command", [["outbox", "list"], ["inbox", "list"], ["reconcile"], ["reconcile", "--merchant", "merchant-1"]]
)
def test_a_command_ends_with_1_and_one_line(database_url: str, command: list[str]) -> None:
    environment = {"SALE_DATABASE_URL": database_url, "SALE_KAFKA_BOOTSTRAP": "127.0.0.1:1", "COLUMNS": "80"}
    done = CliRunner().invoke(app, command, env=environment)

    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert "does not exist; run `sale migrate`" in line


@pytest.mark.parametrize(
    "command",
    [
        ["migrate", "--without-topics"],
        ["migrate", "--wait", "0"],
        ["outbox", "list"],
        ["inbox", "list"],
        ["doctor", "--for", "relay"],
    ],
    ids=" ".join,
)
def test_a_command_prints_no_password_whatever_postgresql_says(database_url: str, command: list[str]) -> None:
    place = urlsplit(database_url).netloc.rpartition("@")[2]
    # PostgreSQL repeats the name of a database that it does not have.
    url = f"postgresql://sale:hunter2secret@{place}/hunter2secret"  # pragma: allowlist secret
    settings = {"SALE_DATABASE_URL": url, "SALE_KAFKA_BOOTSTRAP": "127.0.0.1:1", "COLUMNS": "200"}
    # A process of its own: what a library logs, and nobody has set up a log for, goes to its standard error.
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", "sale_app", *command],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout
    assert re.search(r'database \\?"\*{8}\\?" does not exist', done.stdout)
    assert "hunter2secret" not in done.stdout


def test_migrating_as_somebody_who_owns_nothing_says_whose_url_it_takes(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE who_owns_nothing LOGIN")
        try:
            settings = {"SALE_DATABASE_URL": database_url.replace("//sale@", "//who_owns_nothing@")}
            done = CliRunner().invoke(app, ["migrate", "--without-topics"], env=settings)
        finally:
            connection.execute("DROP ROLE who_owns_nothing")

    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert line.startswith("database: permission denied for schema public")
    assert "`sale migrate` needs the URL of the tables' owner (docs/how-to/install.md)" in line


async def test_serve_says_it_once_and_answers_503(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def readiness() -> dict[str, str | None]:
        return {"database": "lacks tables: run `sale migrate`", "other": None}

    await tell_what_lacks(readiness)
    async with served(database_url, connections=1) as client:
        answer = await client.get("/sale-orders")

    assert [record.getMessage() for record in caplog.records if record.name == "sale.serve"] == [
        "not ready: the database lacks tables: run `sale migrate`"
    ]
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


async def test_the_relay_waits_and_begins_by_itself_once_the_tables_are_there(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    quick = RelayPolicy(topics=(PAYMENTS,), shortest_wait_seconds=0.05, longest_wait_seconds=0.1, lease_seconds=0.5)
    caplog.set_level(logging.INFO)

    def told(text: str) -> list[str]:
        return [said(record) for record in caplog.records if text in said(record)]

    with fresh_database(postgres_url) as url:
        async with PostgresRelayOutbox(url) as outbox, asyncio.timeout(60):
            stop = asyncio.Event()
            log = MemoryEventLog({PAYMENTS: 1})
            running = asyncio.create_task(RelayProcess(outbox=outbox, log=log, policy=quick, shards=1, stop=stop).run())
            while not told("cannot begin"):  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.01)
            await asyncio.to_thread(migrate, url)
            while not told("started layout=1"):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            stop.set()
            await running

    first = told("cannot begin")[0]
    assert 'relation "relay_layouts" does not exist; run `sale migrate`' in first
