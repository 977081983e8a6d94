"""What a person sees of the demo: progress, the story as a table, and where to look."""

import asyncio
import shlex
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
from rich.console import Console

from sale_adapters.client import ClientError
from sale_adapters.embedded import EmbeddedError, is_free
from sale_app.demo.stage import SETTINGS, Stage, stage
from sale_app.demo.story import Step, StoryFailed, play

_ROW = "{:<22} {:<11} {:>15} {:>15}  {}"


async def demo(*, http_port: int, data_dir: Path, once: bool, console: Console) -> int:
    """Run the demo until Ctrl-C, or with `once` until the sale is told; return the exit code (0 good, 1 failed)."""
    if not is_free(http_port):
        console.print(
            f"Port {http_port} is taken; name another one: sale demo --port PORT, or make run PORT=…", style="red"
        )
        return 1
    task = asyncio.current_task()
    assert task is not None, "this runs in a task"
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        async with stage(data_dir=data_dir, http_port=http_port, tell=partial(_tell, console)) as set_up:
            return await _on(set_up, console, once=once)
    except EmbeddedError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except OSError as error:
        console.print(f"The data directory {data_dir} cannot be used: {error.strerror}", style="red", markup=False)
        return 1
    except asyncio.CancelledError:
        console.print("Stopped; nothing is left running.")
        return 1 if once else 0


async def _on(set_up: Stage, console: Console, *, once: bool) -> int:
    watcher = asyncio.create_task(set_up.watch())
    try:
        good = await _tell_the_story(set_up, console)
        if not once:
            _say_where(set_up, console)
            console.print("Press Ctrl-C to end; the data stay and can be started again.")
            console.file.flush()
            await watcher
        return 0 if good else 1
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def _tell_the_story(set_up: Stage, console: Console) -> bool:
    console.print()
    _row(console, "step", "order", "total", "paid", "", style="bold")
    try:
        async for step in play(set_up):
            _row(console, *_cells(step))
    except (StoryFailed, TimeoutError, OSError, httpx.HTTPError, ClientError) as failure:
        console.print(f"The story broke off: {failure}", style="red", markup=False)
        return False
    return True


def _cells(step: Step) -> tuple[str, str, str, str, str]:
    return step.what, step.status, step.total, step.paid, step.detail


def _row(console: Console, *cells: str, style: str | None = None) -> None:
    console.print(_ROW.format(*cells).rstrip(), style=style, markup=False, highlight=False, soft_wrap=True)
    console.file.flush()


def _say_where(set_up: Stage, console: Console) -> None:
    kafka = set_up.kafka_bootstrap or f"not there: {set_up.parts.unavailable[set_up.parts.kafka.name]}"
    for name, place in (
        ("Board", f"{set_up.http}/board"),
        ("API document", f"{set_up.http}/doc"),
        ("Sandbox", set_up.sandbox),
        ("PostgreSQL", set_up.parts.postgres.url),
        ("Kafka", kafka),
        ("All of it", str(set_up.data_dir / "demo.json")),
        ("In a shell", f". {shlex.quote(str(set_up.data_dir / SETTINGS))}   # then: sale doctor, sale outbox list, …"),
    ):
        console.print(f"{name:<13} {place}", highlight=False, markup=False, soft_wrap=True)
    console.file.flush()


def _tell(console: Console, part: str, sentence: str) -> None:
    console.print(f"{part:<9} {sentence}", style="dim", markup=False, highlight=False, soft_wrap=True)
    console.file.flush()
