"""An embedded PostgreSQL starts, answers, and survives kill -9."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import psycopg

from processes import eventually, family, none_alive
from sale_adapters.embedded import ChildProcess, EmbeddedPostgres
from sale_adapters.embedded.unprivileged import unprivileged_user


async def ask(url: str, question: str) -> object:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(question)
        row = await cursor.fetchone() if cursor.description else None
        return row[0] if row else None


async def test_what_was_committed_is_there_after_kill_9_and_a_start_on_the_same_data(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(data_dir=tmp_path)
    await postgres.start()
    url = postgres.url
    await ask(url, "CREATE TABLE sold AS SELECT 65000 AS price")
    everyone = family(postgres.process.pid)

    os.kill(postgres.process.pid, 9)
    assert await postgres.process.wait() == -9
    assert (tmp_path / "cluster" / "postmaster.pid").exists()
    # The worst case: by now another process of the same user has that id.
    stranger = ChildProcess(
        name="Stranger", argv=("/bin/sleep", "60"), log=tmp_path / "stranger.log", user=unprivileged_user()
    )
    await stranger.start(ready=_became("sleep", stranger))
    (tmp_path / "cluster" / "postmaster.pid").write_text(f"{stranger.pid}\n")
    await postgres.start()
    await stranger.stop()

    assert postgres.url == url
    assert none_alive(everyone)()
    assert await ask(url, "SELECT price FROM sold") == 65000
    await postgres.stop()
    assert not postgres.process.running


async def test_it_is_set_up_as_promised(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(data_dir=tmp_path)
    await postgres.start()
    everyone = family(postgres.process.pid)

    expected = {
        "server_encoding": "UTF8",
        "max_connections": "200",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "listen_addresses": "127.0.0.1",
    }
    assert {name: await ask(postgres.url, f"SHOW {name}") for name in expected} == expected
    assert await ask(postgres.url, "SELECT datcollate FROM pg_database WHERE datname = current_database()") == "C"
    assert await ask(postgres.url, "SELECT current_user || '@' || current_database()") == "sale@sale"

    await postgres.stop()
    assert await eventually(none_alive(everyone))


async def test_tests_may_give_up_safety_against_a_crash_of_the_machine_but_not_of_the_server(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(data_dir=tmp_path, durable=False)
    await postgres.start()

    assert await ask(postgres.url, "SHOW fsync") == "off"
    assert await ask(postgres.url, "SHOW synchronous_commit") == "on"

    await postgres.stop()


def _became(name: str, process: ChildProcess) -> Callable[[], Awaitable[bool]]:
    async def became() -> bool:
        return bool(psutil.Process(process.pid).name() == name)

    return became
