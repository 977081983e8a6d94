"""Requests from wrk, a load generator in C: 32 connections that ask again as soon as they are answered."""

import asyncio
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import attrs

from asked import PartFailed

CONNECTIONS = 32
SCRIPT = Path(__file__).with_name("load.lua")


@attrs.frozen(kw_only=True)
class Load:
    """What came of it; latencies in milliseconds."""

    requests: int
    seconds: float
    errors: int
    p50: float
    p95: float
    p99: float

    @property
    def per_second(self) -> float:
        """Return the requests that were answered in a second."""
        return self.requests / self.seconds


def wrk() -> str:
    """Return where wrk is."""
    if found := shutil.which("wrk"):
        return found
    raise PartFailed("It needs wrk (on Debian: apt-get install wrk).")


async def load(kind: str, places: Sequence[str], orders: Path, *, before: int, name: str, seconds: int) -> Load:
    """Ask for so long.

    Args:
        kind: `payment` or `item`.
        places: Host and port of every replica.
        orders: A file of lines: order, merchant, token.
        before: How many of them other rounds have asked for: this one goes on behind them.
        name: Tells this round's requests from all others.
        seconds: How long.

    Raises:
        PartFailed: anything but good answers came.
    """
    command = [wrk(), f"-t{len(places)}", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(SCRIPT), f"http://{places[0]}"]
    environment = {**os.environ, "SALE_BENCH_PLACES": ",".join(places)}
    process = await asyncio.create_subprocess_exec(
        *command, "--", kind, str(orders), str(before), name, stdout=asyncio.subprocess.PIPE, env=environment
    )
    told, _ = await process.communicate()
    found = Load(**json.loads(told.decode().strip().splitlines()[-1]))
    if found.errors or not found.requests:
        raise PartFailed(f"{kind}: {found.errors} of {found.requests} requests failed: {told.decode()}")
    return found
