"""The arithmetic of the benchmark, where it could be wrong without anybody seeing it."""

from datetime import UTC, datetime, timedelta

import pytest

from checkout import longest_chain
from memory import flatness

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arrivals_ms", "length"),
    [
        ([], 0),
        ([0], 1),
        ([0, 3], 1),  # pricing v1 and v2, at once
        ([0, 3, 501, 503], 2),  # an item, then its category
        ([1_002, 0, 501], 3),  # in whatever order they were read
        ([0, 400, 800, 1_200], 2),  # the second began before the first was answered, and the fourth after the third did
    ],
)
def test_a_chain_is_of_calls_that_began_when_the_one_before_was_answered(arrivals_ms: list[int], length: int) -> None:
    arrivals = [NOON + timedelta(milliseconds=at) for at in arrivals_ms]

    assert longest_chain(arrivals, seconds=0.5) == length


def test_memory_that_grew_early_is_flat_and_memory_that_grows_on_is_not() -> None:
    filled = [100.0, 140.0, 180.0, 200.0, 200.0, 200.0, 200.0, 200.0, 200.0]
    leaks = [100.0, 100.0, 100.0, 110.0, 110.0, 110.0, 121.0, 121.0, 121.0]

    assert flatness(filled) == 1
    assert flatness(leaks) == pytest.approx(1.1)
