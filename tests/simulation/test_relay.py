"""The relay's real algorithm in a world where everything fails, and killed at any await.

`SEEDS=10000 pytest tests/simulation` runs more of it; a failure says how to replay its seed.
"""

import os
from collections.abc import Iterator
from itertools import islice

import pytest

from relay_guards import Guard
from relay_simulation import World
from sale_domain.ports.publishing_errors import ShardHalted

pytestmark = pytest.mark.long
FIRST = int(os.environ.get("SEED", "1"))
SEEDS = int(os.environ.get("SEEDS", "300"))
ENOUGH_TO_MISS_A_GUARD = 300


TWICE, LOST, DISORDERED, STUCK = "twice", "was lost", "out of order", "never published"
HARM = {
    Guard.NEW_PRODUCER_SHUTS_OUT_OLDER: (TWICE, 5),
    Guard.HIGH_WATERMARK: (TWICE, 5),
    Guard.WATERMARK_AFTER_INIT: (TWICE, 5),
    Guard.DATABASE_FENCE: (TWICE, 5),
    Guard.PREFIX_IN_LAYOUT: (TWICE, 5),
    Guard.OLDER_LAYOUT_RETIRED: (TWICE, 5),
    Guard.MARK_AND_POSITION_TOGETHER: (TWICE, 5),
    Guard.READ_BACK: (LOST, 5),
    Guard.EVERY_FUTURE_AWAITED: (DISORDERED, 5),
    Guard.SLOW_COMMIT_DOUBTED: (DISORDERED, 1),
    Guard.MARKING_IS_NOT_WAITING: (TWICE, 5),
    Guard.POISON_HOLDS_ITS_ORDER: (DISORDERED, 5),
    Guard.POISON_SET_ASIDE: (STUCK, 5),
}
"""What each guard keeps from happening, and how many of the seeds must show that it happens without."""

LOST_LOG = {Guard.CLUSTER_ID: World.lose_the_cluster, Guard.POSITIONS_KEPT: World.lose_the_end}
"""Guards against a log that is not what it was, and how it gets so."""


def simulate(seed: int, *, without: Guard | None = None, calm_steps: int = 20_000) -> None:
    world = World(seed, without=without)
    try:
        world.run(calm_steps=calm_steps)
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


def harms(guard: Guard) -> Iterator[str]:
    """Yield what goes wrong without a guard, seed by seed."""
    for seed in range(1, 1 + ENOUGH_TO_MISS_A_GUARD):
        try:
            simulate(seed, without=guard, calm_steps=4_000)
        except (AssertionError, ShardHalted) as failure:
            yield str(failure)


@pytest.mark.parametrize("guard", HARM)
def test_without_this_guard_its_own_harm_is_done(guard: Guard) -> None:
    harm, seeds = HARM[guard]
    own = (failure for failure in harms(guard) if harm in failure)
    assert len(list(islice(own, seeds))) == seeds


def test_every_guard_has_a_harm() -> None:
    assert {*HARM, *LOST_LOG} == set(Guard)


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
