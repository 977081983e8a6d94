"""The relay's real algorithm in a world where everything fails, and killed at any await.

`SEEDS=10000 pytest tests/simulation` runs more of it; a failure says how to replay its seed.
"""

import os

import pytest

from relay_guards import Guard
from relay_simulation import World
from sale_domain.ports.publishing import ShardHalted

FIRST = int(os.environ.get("SEED", "1"))
SEEDS = int(os.environ.get("SEEDS", "300"))
ENOUGH_TO_MISS_A_GUARD = 300


LOST_LOG = {Guard.CLUSTER_ID: World.lose_the_cluster, Guard.POSITIONS_KEPT: World.lose_the_end}
"""Guards against a log that is not what it was, and how it gets so."""


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


@pytest.mark.timeout(300 + SEEDS // 5)
def test_no_fault_loses_doubles_or_disorders_an_event_and_all_are_published_once_faults_stop() -> None:
    for seed in range(FIRST, FIRST + SEEDS):
        simulate(seed)


def simulate_until_one_fails(guard: Guard) -> None:
    for seed in range(1, 1 + ENOUGH_TO_MISS_A_GUARD):
        simulate(seed, without=guard)


@pytest.mark.parametrize("guard", [guard for guard in Guard if guard not in LOST_LOG])
def test_without_this_guard_some_seed_fails(guard: Guard) -> None:
    with pytest.raises((AssertionError, ShardHalted)):
        simulate_until_one_fails(guard)


def lose_the_log(seed: int, *, guard: Guard, without: Guard | None) -> None:
    world = World(seed, without=without)
    try:
        world.run()
        LOST_LOG[guard](world)
        world.sell_and_restart()
        world.run(troubled_steps=300)
        world.check()
    finally:
        world.close()


@pytest.mark.parametrize("guard", LOST_LOG)
def test_a_log_that_is_not_what_it_was_halts_the_relay(guard: Guard) -> None:
    for seed in range(1, 21):
        with pytest.raises(ShardHalted):
            lose_the_log(seed, guard=guard, without=None)


@pytest.mark.parametrize("guard", LOST_LOG)
def test_without_this_guard_a_relay_goes_on_with_a_log_that_is_not_what_it_was(guard: Guard) -> None:
    for seed in range(1, 21):
        with pytest.raises(AssertionError):
            lose_the_log(seed, guard=guard, without=guard)
