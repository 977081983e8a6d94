"""Whether what is asked stays as cheap as the data grows: more orders, longer orders, later pages."""

import statistics
import sys
import time
from collections.abc import AsyncGenerator, Sequence

import httpx

from asked import Asked, PartFailed
from hot_paths import NAMES
from load import load
from report import Figure
from rig import KINDS, LINES, LONG, Rig, open_rig
from sale_adapters.wire.places import BASE

FEW = 10_000
LONG_ORDERS = 2_000
ROUNDS = 3
CHAINS = 5
"""Merchants whose orders are listed to the last page."""
PAGE = 20
COST = "times the CPU"
"""Of `serve` and PostgreSQL together, for one request: it says the same when others use the machine too."""


async def growth(asked: Asked) -> AsyncGenerator[Figure]:
    """Let the orders become more, and measure at each number what a request costs."""
    async with open_rig(replicas=1) as rig:
        await rig.fill(FEW)
        costs = {kind: await _costs(rig, kind, seconds=asked.seconds) for kind in KINDS}
        for many in asked.orders:
            await rig.fill(many)
            for kind in KINDS:
                grown = await _costs(rig, kind, seconds=asked.seconds)
                yield _ratio(f"{NAMES[kind]}, {many:,} orders for {FEW:,}", grown, costs[kind], must=1.3)
        short = await _costs(rig, "item", seconds=asked.seconds)
        await rig.fill_long(LONG_ORDERS)
        long = await _costs(rig, LONG, seconds=asked.seconds)
        yield _ratio(f"{NAMES['item']}, the {LINES + 1}th line for the third", long, short, must=3)
        pages = [await _flatness(rig, f"merchant-{n}") for n in range(CHAINS)]
        yield Figure(
            name="list of orders, the last tenth of its pages for the first",
            unit="times as long",
            values=pages,
            must=1.3,
            less_is_better=True,
        )


def _ratio(name: str, grown: Sequence[float], before: Sequence[float], *, must: float) -> Figure:
    values = [cost / statistics.median(before) for cost in grown]
    return Figure(name=name, unit=COST, values=values, must=must, less_is_better=True)


async def _costs(rig: Rig, kind: str, *, seconds: int) -> Sequence[float]:
    """Return what a request has cost in each round, in milliseconds; the first warms up and does not count."""
    costs = list[float]()
    for number in range(ROUNDS + 1):
        rig.rounds += 1
        before = rig.used()
        sale = await load(kind, rig.places, rig.orders(kind), name=f"{rig.rounds}", seconds=seconds)
        used = rig.used().since(before, each=sale.requests)
        sys.stdout.write(
            f"{kind:8} {number}, {rig.count:,} orders: {sale.per_second:6.0f}/s, p99 {sale.p99:6.1f} ms; "
            f"CPU ms serve {used.serve:.2f} PostgreSQL {used.postgres:.2f}\n"
        )
        sys.stdout.flush()
        costs.append(used.serve + used.postgres)
    return costs[1:]


async def _flatness(rig: Rig, merchant: str) -> float:
    """Turn over all pages of a merchant's list; return how much longer the last ones take."""
    headers = {"authorization": f"Bearer {await rig.token(merchant)}", "x-merchant-id": merchant}
    took, seen = list[float](), set[str]()
    cursor: str | None = ""
    async with httpx.AsyncClient(base_url=f"http://{rig.places[0]}{BASE}", headers=headers, trust_env=False) as client:
        while cursor is not None:
            begun = time.perf_counter()
            answer = await client.get("/sale-orders", params={"limit": PAGE, **({"cursor": cursor} if cursor else {})})
            took.append(time.perf_counter() - begun)
            page = answer.raise_for_status().json()
            seen |= {order["id"] for order in page["items"]}
            cursor = page["nextCursor"]
    if len(seen) <= PAGE * (len(took) - 1):
        raise PartFailed(f"{len(took)} pages have {len(seen)} orders: some came twice")
    tenth = len(took) // 10
    return statistics.median(took[-tenth:]) / statistics.median(took[:tenth])
