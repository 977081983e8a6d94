"""What `sale serve` and `sale relay` hold in memory: with nothing to do, and while whole orders are sold."""

import asyncio
import os
import statistics
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from asked import Asked
from cpu import cpu_seconds
from report import Figure
from sale_adapters.embedded import free_ports
from sale_app.demo.stage import stage
from tills import Crowd, in_a_process, sell, shops

TILLS = 8
IDLE_SECONDS, BUSY_SECONDS, LONG_SECONDS = 10, 60, 600
GOAL_FLAT, MUST_FLAT = 1.02, 1.05
"""How much more there may be in the last third of the time than in the second, by when what is kept is known."""


def resident_mb(pid: int) -> float:
    """Return what a process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def flatness(samples: Sequence[float]) -> float:
    """Return the median of the last third of them, as a share of the second third's."""
    third = len(samples) // 3
    return statistics.median(samples[-third:]) / statistics.median(samples[third:-third])


async def memory(asked: Asked) -> AsyncGenerator[Figure]:
    """Measure both at once: for ten minutes where there is the time, else for one."""
    seconds = LONG_SECONDS if asked.everything else BUSY_SECONDS
    with TemporaryDirectory(prefix="sale-bench-") as home:
        (port,) = free_ports(1)
        async with stage(data_dir=Path(home), http_port=port, tell=_tell) as set_up:
            pids = {name: set_up.children[name].pid for name in ("serve", "relay")}
            await asyncio.sleep(IDLE_SECONDS)
            ends, before = asyncio.get_running_loop().time() + IDLE_SECONDS, _cpu(pids)
            idle = await _held(pids, until=lambda: asyncio.get_running_loop().time() >= ends)
            used = {name: (after - before[name]) / IDLE_SECONDS for name, after in _cpu(pids).items()}
            crowd = Crowd(place=f"127.0.0.1:{port}", shops=await shops(set_up.sandbox), tills=TILLS, name="memory")
            selling = asyncio.create_task(in_a_process(partial(sell, crowd, seconds=seconds)))
            busy = await _held(pids, until=selling.done)
            sold = await selling
    yield Figure(name="memory, orders sold meanwhile", unit="orders", values=[len(sold.took_ms)])
    for name in pids:
        yield Figure(name=f"{name}, idle, CPU", unit="of a core", values=[used[name]])
        yield Figure(name=f"{name}, idle, memory", unit="MB", values=idle[name])
        yield Figure(name=f"{name}, busy, memory", unit="MB", values=busy[name])
        yield Figure(
            name=f"{name}, busy, memory, last third of {seconds} s",
            unit="of second third",
            values=[flatness(busy[name])],
            goal=GOAL_FLAT,
            must=MUST_FLAT,
            less_is_better=True,
        )


def _tell(name: str, sentence: str) -> None:
    sys.stdout.write(f"{name}: {sentence}\n")


def _cpu(pids: Mapping[str, int]) -> Mapping[str, float]:
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


async def _held(pids: Mapping[str, int], *, until: Callable[[], bool]) -> Mapping[str, Sequence[float]]:
    """Look once a second."""
    held = {name: list[float]() for name in pids}
    while not until():
        for name, pid in pids.items():
            held[name].append(resident_mb(pid))
        await asyncio.sleep(1)
    return held
