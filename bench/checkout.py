"""What checkout adds to its sisters: its time beyond that of the longest chain of calls that wait for each other."""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import attrs

from asked import Asked
from replicas import Replicas
from report import Figure
from rig import open_rig
from tills import Crowd, check_out, in_a_process, shops

SISTERS = ("identity", "commerce", "pricing")
LATENCY_MS, SLOW_MS = 20, 500
"""How long each sister takes while Sale is timed, and while calls are looked at: far more than those at once differ."""

MOST_ROUNDS, COUNT = 3, 100
GOAL_MS = 5


async def checkout_overhead(asked: Asked) -> AsyncGenerator[Figure]:
    """Measure at one till, which waits for each answer; what the sisters say of dishes and channel is known."""
    async with open_rig(replicas=1) as rig:
        world = rig.replicas
        till = Crowd(place=rig.places[0], shops=await shops(world.sandbox), tills=1, name="warm")
        await in_a_process(partial(check_out, till, count=COUNT // 10))
        await _take_ms(world, SLOW_MS)
        await in_a_process(partial(check_out, attrs.evolve(till, name="slow"), count=1))
        calls = [call for sister in SISTERS for call in await _calls(world, sister)]
        chain = longest_chain((datetime.fromisoformat(call["at"]) for call in calls), seconds=SLOW_MS / 1_000)
        yield Figure(name="checkout, longest chain of calls", unit="calls", values=[chain], goal=1, less_is_better=True)
        await _take_ms(world, LATENCY_MS)
        medians, bare = list[float](), list[float]()
        for number in range(min(asked.rounds, MOST_ROUNDS)):
            sold = await in_a_process(partial(check_out, attrs.evolve(till, name=f"{number}"), count=COUNT))
            medians.append(statistics.median(sold.took_ms))
            bare.append(statistics.median([await _asked(world, calls) for _ in range(COUNT)]))
            sys.stdout.write(f"checkout {number}: p50 {medians[-1]:.1f} ms, its calls alone {bare[-1]:.1f} ms\n")
    waited = chain * LATENCY_MS
    yield Figure(
        name="checkout overhead",
        unit="ms",
        values=[each - waited for each in medians],
        goal=GOAL_MS,
        less_is_better=True,
    )
    yield Figure(
        name="checkout overhead, of a bare client with its calls", unit="ms", values=[each - waited for each in bare]
    )


def longest_chain(arrivals: Iterable[datetime], *, seconds: float) -> int:
    """Return how many calls, each of which takes so long, can have waited for the one before."""
    length, answered = 0, float("-inf")
    for at in sorted(each.timestamp() for each in arrivals):
        if at >= answered:
            length, answered = length + 1, at + seconds
    return length


async def _take_ms(world: Replicas, latency: int) -> None:
    """Let each sister take so long from now on, and forget what she was asked."""
    (await world.client.delete(f"{world.sandbox}/control")).raise_for_status()
    for sister in SISTERS:
        told = await world.client.put(f"{world.sandbox}/control/{sister}", json={"latencyMs": latency})
        told.raise_for_status()


async def _calls(world: Replicas, sister: str) -> Sequence[Mapping[str, Any]]:
    answer = await world.client.get(f"{world.sandbox}/control/{sister}/requests")
    found: Sequence[Mapping[str, Any]] = answer.raise_for_status().json()
    return found


async def _asked(world: Replicas, calls: Iterable[Mapping[str, Any]]) -> float:
    """Ask the sisters the same again, all at once; return how long it took, in milliseconds."""
    start = time.perf_counter()
    answers = await asyncio.gather(
        *(
            world.client.request(
                call["method"],
                f"{world.sandbox}{call['path']}",
                json=call["body"],
                headers={"authorization": call["headers"]["authorization"]},
            )
            for call in calls
        )
    )
    took = 1_000 * (time.perf_counter() - start)
    for answer in answers:
        answer.raise_for_status()
    return took
