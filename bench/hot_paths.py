"""The hot paths: a payment's webhook and an added item over HTTP, against pgbench with the same statements."""

import sys
from collections.abc import AsyncIterator, Sequence

import yardstick
from load import Load, load
from report import RATIO, Figure
from rig import MERCHANTS, Rig
from yardstick import ITEM, PAYMENT, Yardstick

GOALS = {"payment": (0.65, 0.45), "item": (0.55, 0.35)}
NAMES = {"payment": "webhook", "item": "add item"}


async def hot_paths(rig: Rig, *, rounds: int, seconds: int, note: str = "") -> AsyncIterator[Figure]:
    """Measure both, in rounds that alternate, so that a noisy machine disturbs Sale and pgbench alike."""
    for each in (PAYMENT, ITEM):
        pairs = [await _round(rig, each, name=f"{note}{number}", seconds=seconds) for number in range(rounds + 1)]
        # In the first, connections are opened, statements prepared and caches warmed.
        told = _figures(each, pairs[1:], note)
        for figure in told:
            yield figure


async def _round(rig: Rig, each: Yardstick, *, name: str, seconds: int) -> tuple[Load, float]:
    rig.rounds += 1
    sale = await load(each.name, rig.places, rig.orders(each.name), name=f"{rig.rounds}", seconds=seconds)
    tps = await yardstick.pgbench(
        each, rig.url, rig.home, orders=rig.count, merchants=MERCHANTS, seconds=seconds, number=rig.rounds
    )
    sys.stdout.write(
        f"{each.name:8} {name:>8}: Sale {sale.per_second:6.0f}/s, p50 {sale.p50:5.1f} p99 {sale.p99:6.1f} ms; "
        f"pgbench {tps:6.0f}/s; ratio {sale.per_second / tps:.2f}\n"
    )
    sys.stdout.flush()
    return sale, tps


def _figures(each: Yardstick, pairs: Sequence[tuple[Load, float]], note: str) -> Sequence[Figure]:
    goal, must = GOALS[each.name]
    name = NAMES[each.name] + note
    return (
        Figure(name=name, unit=RATIO, values=[sale.per_second / tps for sale, tps in pairs], goal=goal, must=must),
        Figure(name=f"{name}, requests", unit="per second", values=[sale.per_second for sale, _ in pairs]),
        Figure(name=f"{name}, pgbench", unit="transactions per second", values=[tps for _, tps in pairs]),
        Figure(name=f"{name}, p50", unit="ms", values=[sale.p50 for sale, _ in pairs]),
        Figure(name=f"{name}, p99", unit="ms", values=[sale.p99 for sale, _ in pairs]),
    )
