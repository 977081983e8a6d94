"""Whatever kills the parent, its children follow."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
import pytest

from processes import alive, eventually, family, none_alive
from sale_adapters.embedded import EmbeddedParts, leash

SLEEP = (sys.executable, "-c", "import time; print('asleep', flush=True); time.sleep(60)")

# Starts the leash with a child on it, says the child's process id, and sleeps.
PARENT = """
import json, os, subprocess, sys, time
leash, *rest = json.loads(sys.argv[1])
child = subprocess.Popen([sys.executable, "-I", "-S", *leash, str(os.getpid()), "--", *rest], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""

DEMO = """
import asyncio, json, pathlib, sys
from sale_adapters.embedded import EmbeddedParts

async def main():
    async with EmbeddedParts(data_dir=pathlib.Path(sys.argv[1]), durable=False) as parts:
        print(json.dumps([parts.postgres.url, *(part.process.pid for part in parts.running)]), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@contextmanager
def python(program: str, argument: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Run a Python program until the end of the context at the latest; yield it and what it says."""
    command = [sys.executable, "-c", program, argument]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - programs of this file
        assert process.stdout
        try:
            yield process, process.stdout
        finally:
            process.kill()


@pytest.mark.parametrize("options", [[], ["--poll"]], ids=["by the kernel", "by polling"])
async def test_a_child_dies_when_its_parent_is_killed(options: list[str]) -> None:
    arguments = json.dumps([[leash.__file__, *options], *SLEEP])
    with python(PARENT, arguments) as (parent, said):
        child = int(said.readline())
        everyone = family(parent.pid)
        assert child in everyone
        assert len(everyone) == 2 + len(options)

        parent.kill()
        parent.wait()

        assert await eventually(none_alive(everyone))


async def test_the_watcher_ends_with_the_child_it_watches_over() -> None:
    arguments = json.dumps([[leash.__file__, "--poll"], *SLEEP])
    with python(PARENT, arguments) as (parent, said):
        child = int(said.readline())
        watched = family(child)
        assert len(watched) == 2

        os.kill(child, signal.SIGTERM)

        assert await eventually(none_alive(watched))
        assert alive(parent.pid)


async def test_a_child_whose_parent_died_before_the_leash_held_never_runs(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    gone = await asyncio.create_subprocess_exec("true")
    await gone.wait()

    late = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", leash.__file__, str(gone.pid), "--", "/usr/bin/env", "touch", str(ran)
    )

    assert await late.wait() == 3
    assert not ran.exists()


async def test_a_killed_demo_leaves_no_process_and_its_directory_starts_again_at_once(tmp_path: Path) -> None:
    with python(DEMO, str(tmp_path)) as (demo, said):
        url, *pids = json.loads(await asyncio.to_thread(said.readline))
        with psycopg.connect(url, autocommit=True) as till:
            till.execute("CREATE TABLE sold (dish text)")
            till.execute("INSERT INTO sold VALUES ('phở bò'), ('phở bò')")
            everyone = family(demo.pid)
            assert everyone > set(pids)
            assert len(everyone) > len(pids) + 5, "PostgreSQL has workers, and a backend for the open connection"

            demo.kill()
            demo.wait()

            # Not waiting for the children first: the start has to.
            async with EmbeddedParts(data_dir=tmp_path, durable=False) as parts:
                assert not any(map(alive, everyone))
                async with await psycopg.AsyncConnection.connect(parts.postgres.url) as again:
                    sold = await (await again.execute("SELECT dish FROM sold")).fetchall()
    assert sold == [("phở bò",), ("phở bò",)]
