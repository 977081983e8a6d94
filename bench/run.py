"""`make bench`: start everything, fill it, measure side by side, write the report."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import report
from hot_paths import hot_paths
from load import CONNECTIONS
from report import Figure
from rig import MERCHANTS, open_rig

HERE = Path(__file__).parent


async def main(asked: argparse.Namespace) -> int:
    """Measure what was asked for, and write or check the report; return the exit code."""
    settings = {**report.machine(), **_settings(asked)}
    figures: list[Figure] = []
    async with open_rig(replicas=asked.replicas) as rig:
        for orders in asked.orders:
            await rig.fill(orders)
            note = f", {orders:,} orders" if orders != asked.orders[0] else ""
            found = hot_paths(rig, rounds=asked.rounds, seconds=asked.seconds, note=note)
            figures += [figure async for figure in found]
    if asked.check:
        return report.check(figures, HERE / "report.json")
    report.write(figures, settings, HERE)
    sys.stdout.write((HERE / "report.md").read_text())
    return 0


def _settings(asked: argparse.Namespace) -> Mapping[str, str]:
    orders = " then ".join(map(str, asked.orders))
    return {
        "load": f"wrk, {CONNECTIONS} connections; {asked.rounds} rounds of {asked.seconds} s, alternating with pgbench",
        "filled": f"{orders} orders of each kind for Sale and as many for pgbench, of {MERCHANTS} merchants",
        "serve processes": str(asked.replicas),
        "PostgreSQL": "as it comes: synchronous_commit=on, fsync=on, shared_buffers=128MB, over TCP",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[100_000], help="how many, growing")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--check", action="store_true")
    sys.exit(asyncio.run(main(parser.parse_args())))
