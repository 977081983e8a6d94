"""`make bench`: measure part after part, each side by side with what it is compared to, and write the report."""

import argparse
import asyncio
import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import report
from asked import Asked, Part
from checkout import checkout_overhead
from hot_paths import hot_paths
from load import CONNECTIONS
from memory import memory
from relaying import relaying
from report import Figure
from rig import MERCHANTS
from start import start
from stream import live_stream
from whole_orders import whole_orders
from width import serving, sharding

HERE = Path(__file__).parent
LINE = 300
_CORES = min(CONNECTIONS, len(os.sched_getaffinity(0)))

PARTS: Mapping[str, Part] = {
    "hot-paths": hot_paths,
    "whole-orders": whole_orders,
    "checkout": checkout_overhead,
    "start": start,
    "relaying": relaying,
    "memory": memory,
    "live-stream": live_stream,
}
LONG_PARTS: Mapping[str, Part] = {
    "serve-width": serving,
    "relay-width": sharding,
}
"""Those that only `make bench-all` has the time for."""


async def main(asked: Asked, *, only: Sequence[str], check: bool) -> int:
    """Measure what was asked for, and write or check the report; return the exit code.

    A part alone is printed and not written: what stands in one report was measured in one run.
    """
    stored = HERE / "report.json"
    if check and not stored.exists():
        sys.exit(f"There is nothing to compare with: {stored} is written by `make bench`.")
    settings = {**report.machine(), **_settings(asked)}
    figures, failures = list[Figure](), list[str]()
    parts = {**PARTS, **LONG_PARTS}
    for name in only or (*PARTS, *(LONG_PARTS if asked.everything else ())):
        failures += await _measure(name, parts[name], asked, figures)
    told = "".join(f"FAILED {failure}\n" for failure in failures)
    if check:
        sys.stdout.write(told)
        return report.check(figures, stored) or bool(failures)
    if not only:
        report.write(figures, settings, HERE)
    sys.stdout.write(report.page(figures, settings) + told)
    return bool(failures)


async def _measure(name: str, part: Part, asked: Asked, figures: list[Figure]) -> Sequence[str]:
    """Add a part's figures; return why it failed, so that the others go on."""
    try:
        async with aclosing(part(asked)) as found:
            async for figure in found:
                figures.append(figure)  # noqa: PERF401 - at once: what is found before a failure counts
    except Exception as trouble:  # noqa: BLE001 - whatever it was, it is said, and fails the run
        return [textwrap.shorten(f"{name}: {type(trouble).__name__}: {trouble}", LINE)]
    return []


def _settings(asked: Asked) -> Mapping[str, str]:
    orders = " then ".join(map(str, asked.orders))
    return {
        "load": f"wrk, {CONNECTIONS} connections; {asked.rounds} rounds of {asked.seconds} s, alternating with pgbench",
        "filled": f"{orders} orders of each kind for Sale and as many for pgbench, of {MERCHANTS} merchants",
        "serve processes on the hot paths": str(asked.replicas),
        "PostgreSQL": "as it comes: synchronous_commit=on, fsync=on, shared_buffers=128MB, over TCP",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[100_000], help="how many, growing")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--replicas", type=int, default=_CORES, help="serve processes on the hot paths")
    parser.add_argument("--screens", type=int, default=1_000)
    parser.add_argument("--everything", action="store_true", help="also what takes long")
    parser.add_argument("--only", nargs="+", choices=[*PARTS, *LONG_PARTS], default=[], metavar="PART")
    parser.add_argument("--check", action="store_true")
    words = vars(parser.parse_args())
    only, check = words.pop("only"), words.pop("check")
    sys.exit(asyncio.run(main(Asked(**words), only=only, check=check)))
