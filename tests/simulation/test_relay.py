"""The relay's real algorithm in a world where everything fails, and killed at any await.

`SEEDS=10000 pytest tests/simulation` runs more of it; a failure says how to replay its seed.
"""

import os

import pytest

from relay_model import Guard
from relay_simulation import World
from sale_domain.ports.publishing import ShardHalted

FIRST = int(os.environ.get("SEED", "1"))
SEEDS = int(os.environ.get("SEEDS", "300"))
ENOUGH_TO_MISS_A_GUARD = 300


def simulate(seed: int, *, without: Guard | None = None) -> None:
    world = World(seed, without=without)
    try:
        world.run()
        world.check()
    except Exception as failure:
        failure.add_note(f"replay with: SEED={seed} SEEDS=1")
        raise
    finally:
        world.close()


def test_no_fault_loses_doubles_or_disorders_an_event_and_all_are_published_once_faults_stop() -> None:
    for seed in range(FIRST, FIRST + SEEDS):
        simulate(seed)


def simulate_until_one_fails(guard: Guard) -> None:
    for seed in range(1, 1 + ENOUGH_TO_MISS_A_GUARD):
        simulate(seed, without=guard)


@pytest.mark.parametrize("guard", Guard)
def test_without_this_guard_some_seed_fails(guard: Guard) -> None:
    with pytest.raises((AssertionError, ShardHalted)):
        simulate_until_one_fails(guard)
