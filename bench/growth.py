"""Whether what is asked stays as cheap as the data grows: more orders, longer orders, later pages."""

import statistics
import sys
import time
from collections.abc import AsyncGenerator, Sequence

import httpx

from asked import PartFailed
from report import Figure
from rig import LINES, LONG, Rig
from sale_adapters.wire.places import BASE

FEW = 10_000
"""So many orders are few: what a request costs then is what more of them are held against."""

_LONG_ORDERS = 2_000
_ROUNDS, _SECONDS = 3, 4
_CHAINS = 5
"""Merchants whose orders are listed to the last page."""
_PAGE = 20


async def costs(rig: Rig, kind: str) -> Sequence[float]:
    """Return what a request costs in each round, in ms of CPU of `serve` and PostgreSQL; the first warms up."""
    found = list[float]()
    for number in range(_ROUNDS + 1):
        before = rig.used()
        sale = await rig.load(kind, seconds=_SECONDS)
        used = rig.used().since(before, each=sale.requests)
        sys.stdout.write(
            f"{kind:8} {number:>8}: {rig.count:,} orders, Sale {sale.per_second:6.0f}/s, p99 {sale.p99:6.1f} ms; "
            f"CPU ms serve {used.serve:.2f} PostgreSQL {used.postgres:.2f}\n"
        )
        sys.stdout.flush()
        found.append(used.serve + used.postgres)
    return found[1:]


def cost_ratio(name: str, grown: Sequence[float], before: Sequence[float], *, must: float = 1.3) -> Figure:
    """Return how much more it costs: the processor's time says the same when others use the machine too."""
    values = [cost / statistics.median(before) for cost in grown]
    return Figure(name=name, unit="times the CPU", values=values, must=must, less_is_better=True)


async def longer(rig: Rig) -> AsyncGenerator[Figure]:
    """Measure the end of a list against its beginning, and long orders against short ones."""
    yield Figure(
        name="list of orders, the last tenth of its pages for the first",
        unit="times as long",
        values=[await _flatness(rig, f"merchant-{n}") for n in range(_CHAINS)],
        must=1.3,
        less_is_better=True,
    )
    short = await costs(rig, "item")
    await rig.fill_long(_LONG_ORDERS)
    yield cost_ratio(f"add item, the {LINES + 1}th line for the third", await costs(rig, LONG), short, must=3)


async def _flatness(rig: Rig, merchant: str) -> float:
    """Turn over all pages of a merchant's list; return how much longer the last ones take."""
    headers = {"authorization": f"Bearer {await rig.token(merchant)}", "x-merchant-id": merchant}
    took, seen = list[float](), set[str]()
    cursor: str | None = ""
    async with httpx.AsyncClient(base_url=f"http://{rig.places[0]}{BASE}", headers=headers, trust_env=False) as client:
        while cursor is not None:
            begun = time.perf_counter()
            answer = await client.get("/sale-orders", params={"limit": _PAGE, **({"cursor": cursor} if cursor else {})})
            took.append(time.perf_counter() - begun)
            page = answer.raise_for_status().json()
            seen |= {order["id"] for order in page["items"]}
            cursor = page["nextCursor"]
    if len(seen) <= _PAGE * (len(took) - 1):
        raise PartFailed(f"{len(took)} pages have {len(seen)} orders: some came twice")
    tenth = len(took) // 10
    return statistics.median(took[-tenth:]) / statistics.median(took[:tenth])
