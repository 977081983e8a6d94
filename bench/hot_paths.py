"""The hot paths: a payment's webhook and an added item over HTTP, against pgbench, and as the data grows."""

import sys
from collections.abc import AsyncGenerator, Sequence

import attrs

import growth
import yardstick
from asked import Asked
from load import Load
from report import RATIO, Figure
from rig import MERCHANTS, Rig, Used, open_rig
from yardstick import ITEM, PAYMENT, Yardstick

GOALS = {"payment": (0.65, 0.45), "item": (0.55, 0.35)}
NAMES = {"payment": "webhook", "item": "add item"}


@attrs.frozen(kw_only=True)
class Round:
    """What came of one round: Sale's requests, pgbench's transactions a second, and what each of them has cost."""

    sale: Load
    tps: float
    ours: Used
    its: Used


async def hot_paths(asked: Asked) -> AsyncGenerator[Figure]:
    """Measure both, in rounds that alternate, so that a noisy machine disturbs Sale and pgbench alike."""
    async with open_rig(replicas=asked.replicas) as rig:
        await rig.fill(growth.FEW)
        before = {each.name: await growth.costs(rig, each.name) for each in (PAYMENT, ITEM)}
        for orders in asked.orders:
            await rig.fill(orders)
            note = f", {orders:,} orders" if orders != asked.orders[0] else ""
            for each in (PAYMENT, ITEM):
                played = [
                    await _round(rig, each, name=f"{note}{number}", seconds=asked.seconds)
                    for number in range(asked.rounds + 1)
                ]
                # In the first, connections are opened, statements prepared and caches warmed.
                for figure in _figures(each, played[1:], note):
                    yield figure
                name = f"{NAMES[each.name]}, {orders:,} orders for {growth.FEW:,}"
                yield growth.cost_ratio(
                    name, [one.ours.serve + one.ours.postgres for one in played[1:]], before[each.name]
                )
        async for figure in growth.longer(rig):
            yield figure


async def _round(rig: Rig, each: Yardstick, *, name: str, seconds: int) -> "Round":
    before = rig.used()
    sale = await rig.load(each.name, seconds=seconds)
    between = rig.used()
    tps = await yardstick.pgbench(
        each, rig.url, rig.home, orders=rig.count, merchants=MERCHANTS, seconds=seconds, number=rig.rounds
    )
    ours = between.since(before, each=sale.requests)
    its = rig.used().since(between, each=tps * seconds)
    sys.stdout.write(
        f"{each.name:8} {name:>8}: Sale {sale.per_second:6.0f}/s, p50 {sale.p50:5.1f} p99 {sale.p99:6.1f} ms; "
        f"pgbench {tps:6.0f}/s; ratio {sale.per_second / tps:.2f}; "
        f"CPU ms serve {ours.serve:.2f} PostgreSQL {ours.postgres:.2f}, pgbench's {its.postgres:.2f}\n"
    )
    sys.stdout.flush()
    return Round(sale=sale, tps=tps, ours=ours, its=its)


def _figures(each: Yardstick, rounds: Sequence["Round"], note: str) -> Sequence[Figure]:
    goal, must = GOALS[each.name]
    name = NAMES[each.name] + note
    return (
        Figure(
            name=name, unit=RATIO, values=[each.sale.per_second / each.tps for each in rounds], goal=goal, must=must
        ),
        Figure(name=f"{name}, requests", unit="per second", values=[each.sale.per_second for each in rounds]),
        Figure(name=f"{name}, pgbench", unit="transactions per second", values=[each.tps for each in rounds]),
        Figure(name=f"{name}, p50", unit="ms", values=[each.sale.p50 for each in rounds]),
        Figure(name=f"{name}, p99", unit="ms", values=[each.sale.p99 for each in rounds]),
        Figure(name=f"{name}, CPU of serve", unit="ms a request", values=[each.ours.serve for each in rounds]),
        Figure(name=f"{name}, CPU of PostgreSQL", unit="ms a request", values=[each.ours.postgres for each in rounds]),
        Figure(name=f"{name}, CPU of it by pgbench", unit="ms each", values=[each.its.postgres for each in rounds]),
    )
