"""The demo's stage brings back what dies, each part by itself."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import attrs

from sale_adapters.embedded import EmbeddedParts, PartFailed
from sale_app.demo.stage import Stage

PATIENCE_SECONDS = 10


@attrs.define(kw_only=True)
class Actor:
    """A part, or a process of ours, that comes back when `comes` lets it."""

    name: str
    url: str = "postgresql://127.0.0.1:5432/sale"
    pid: int = 1
    running: bool = True
    comes: Callable[[], Awaitable[object]] = attrs.field(default=lambda: asyncio.sleep(0))

    @property
    def process(self) -> "Actor":
        return self

    async def start(self) -> None:
        await self.comes()
        self.pid, self.running = self.pid + 1, True

    async def stop(self) -> None:
        self.running = False


@attrs.define(kw_only=True)
class Play(Stage):
    """A stage on which nothing is real but the watching."""

    postgres: Actor
    said: list[str]

    async def _start(self, name: str) -> None:
        await cast("Actor", self.children[name]).start()

    async def hears(self, sentence: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while sentence not in self.said:  # noqa: ASYNC110 - the stage tells by a plain function
                await asyncio.sleep(0.01)


@asynccontextmanager
async def watched(home: Path) -> AsyncIterator[tuple[Play, dict[str, Actor]]]:
    postgres, said = Actor(name="postgres"), list[str]()
    parts = SimpleNamespace(
        running=(postgres,),
        postgres=postgres,
        redis=SimpleNamespace(url="redis://127.0.0.1"),
        kafka=SimpleNamespace(name="kafka"),
        unavailable={"kafka": "not here"},
    )
    actors = {name: Actor(name=name) for name in ("serve", "relay")}
    stage = Play(
        parts=cast("EmbeddedParts", parts),
        http_port=31030,
        data_dir=home,
        tell=lambda name, sentence: said.append(f"{name} {sentence}"),
        children=dict(actors),  # type: ignore[arg-type]  # actors, not processes
        postgres=postgres,
        said=said,
    )
    watching = asyncio.create_task(stage.watch())
    try:
        yield stage, actors
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_a_database_that_dies_while_serve_starts_comes_back_at_once(tmp_path: Path) -> None:
    async with watched(tmp_path) as (stage, actors):
        database_is_back = asyncio.Event()

        async def comes() -> None:
            database_is_back.set()

        # Serve is ready when the database is, and would wait for it longer than anybody does.
        actors["serve"].comes = lambda: asyncio.wait_for(database_is_back.wait(), PATIENCE_SECONDS)
        stage.postgres.comes = comes
        actors["serve"].running = False
        await stage.hears("serve died; starting it again")
        stage.postgres.running = False
        await stage.hears("serve is back")

    assert stage.said.index("postgres is back") < stage.said.index("serve is back")
    assert json.loads((tmp_path / "demo.json").read_text())["processes"] == {
        "kafka": [],
        "postgres": [2],
        "serve": [2],
        "relay": [1],
    }


async def test_a_part_that_cannot_come_back_yet_is_tried_again_and_keeps_no_other_waiting(tmp_path: Path) -> None:
    tries = list[str]()

    async def fails_once() -> None:
        tries.append("try")
        if len(tries) == 1:
            raise PartFailed("the disk is full\nand more")

    async with watched(tmp_path) as (stage, actors):
        stage.postgres.comes = fails_once
        stage.postgres.running = actors["relay"].running = False
        await stage.hears("postgres is back")

    assert "postgres does not come back yet: the disk is full" in stage.said
    assert stage.said.index("relay is back") < stage.said.index("postgres is back")


async def test_those_who_talk_to_a_part_that_took_another_port_are_started_again(tmp_path: Path) -> None:
    async with watched(tmp_path) as (stage, _):

        async def moves() -> None:
            stage.postgres.url = "postgresql://127.0.0.1:5433/sale"

        stage.postgres.comes = moves
        stage.postgres.running = False
        await stage.hears("serve is back")
        await stage.hears("relay is back")

    assert json.loads((tmp_path / "demo.json").read_text())["databaseUrl"].endswith(":5433/sale")
    settings = tmp_path / "settings.sh"
    assert "export SALE_DATABASE_URL=postgresql://127.0.0.1:5433/sale\n" in settings.read_text()
    assert stat.filemode(settings.stat().st_mode) == "-rw-------"


async def test_the_settings_reach_a_shell_as_the_processes_have_them(tmp_path: Path) -> None:
    async with watched(tmp_path) as (stage, _):
        stage.webhook_secrets = "it's $HOME"
        stage.note()
        words = [".", str(tmp_path / "settings.sh"), "&&", "env"]
        shell = await asyncio.create_subprocess_exec(
            "sh", "-c", " ".join(words), env={}, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await shell.communicate()
        assert {line for line in told.decode().splitlines() if line.startswith("SALE_")} == {
            f"{name}={value}" for name, value in stage.environment().items()
        }
        stage.forget()
    assert not (tmp_path / "settings.sh").exists()
