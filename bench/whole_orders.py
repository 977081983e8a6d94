"""Whole orders over HTTP against sisters that answer at once: how many a second, and how long one takes."""

import statistics
import sys
from collections.abc import AsyncGenerator, Sequence
from functools import partial

import attrs

from asked import Asked
from report import Figure
from rig import Rig, Used, open_rig
from tills import Crowd, Sold, in_a_process, sell, shops

TILLS = (1, 8, 32)
MOST_ROUNDS = 3


@attrs.frozen(kw_only=True)
class Round:
    """What came of one round; CPU in milliseconds an order."""

    sold: Sold
    used: Used

    @property
    def per_second(self) -> float:
        """Return the orders that were sold in a second."""
        return len(self.sold.took_ms) / self.sold.seconds

    @property
    def tills(self) -> float:
        """Return what asking has cost."""
        return 1_000 * self.sold.cpu_seconds / len(self.sold.took_ms)

    @property
    def share(self) -> float:
        """Return what asking has cost, as a share of everything."""
        return self.tills / (self.tills + self.used.serve + self.used.postgres + self.used.sisters)

    def percentile(self, hundredth: int) -> float:
        """Return within how many milliseconds so many of a hundred orders were sold."""
        return statistics.quantiles(self.sold.took_ms, n=100, method="inclusive")[hundredth - 1]


async def whole_orders(asked: Asked) -> AsyncGenerator[Figure]:
    """Measure tills in each number in turn, so that a noisy machine disturbs them alike."""
    rounds = {tills: list[Round]() for tills in TILLS}
    async with open_rig(replicas=1) as rig:
        where = await shops(rig.replicas.sandbox)
        for number in range(min(asked.rounds, MOST_ROUNDS) + 1):
            for tills, played in rounds.items():
                crowd = Crowd(place=rig.places[0], shops=where, tills=tills, name=f"{number}-{tills}")
                played.append(await _round(rig, crowd, seconds=asked.seconds))
    for tills, played in rounds.items():
        # In the first, connections are opened, statements prepared and caches warmed.
        for figure in _figures(f"whole order, {tills} at once", played[1:]):
            yield figure


async def _round(rig: Rig, crowd: Crowd, *, seconds: int) -> Round:
    before = rig.used()
    sold = await in_a_process(partial(sell, crowd, seconds=seconds))
    found = Round(sold=sold, used=rig.used().since(before, each=len(sold.took_ms)))
    sys.stdout.write(
        f"{crowd.tills:3} at once, {crowd.name:>5}: {found.per_second:5.1f} orders/s, p50 {found.percentile(50):6.1f} "
        f"p95 {found.percentile(95):6.1f} p99 {found.percentile(99):6.1f} ms; CPU ms serve {found.used.serve:.1f} "
        f"PostgreSQL {found.used.postgres:.1f} sisters {found.used.sisters:.1f} tills {found.tills:.1f}\n"
    )
    sys.stdout.flush()
    return found


def _figures(name: str, rounds: Sequence[Round]) -> Sequence[Figure]:
    return (
        Figure(name=name, unit="orders per second", values=[each.per_second for each in rounds]),
        *(
            Figure(name=f"{name}, p{hundredth}", unit="ms", values=[each.percentile(hundredth) for each in rounds])
            for hundredth in (50, 95, 99)
        ),
        Figure(name=f"{name}, CPU of serve", unit="ms an order", values=[each.used.serve for each in rounds]),
        Figure(name=f"{name}, CPU of PostgreSQL", unit="ms an order", values=[each.used.postgres for each in rounds]),
        Figure(name=f"{name}, CPU of the sisters", unit="ms an order", values=[each.used.sisters for each in rounds]),
        Figure(name=f"{name}, CPU of the tills", unit="of all CPU", values=[each.share for each in rounds]),
    )
