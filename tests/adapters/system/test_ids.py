"""The machine's ids rise, whatever its clock does."""

from collections.abc import Iterator

from sale_adapters.system import SystemClock, UlidIds
from sale_domain.ids import bucket_of


def test_ids_rise_while_the_clock_stands_still_and_when_it_is_set_back() -> None:
    times: Iterator[int] = iter([1_000, 1_000, 1_000, 400, 1_001, 1_001])
    ids = UlidIds(milliseconds=lambda: next(times))
    made = [ids.new(773) for _ in range(6)]
    assert made == sorted(set(made))
    assert {bucket_of(each) for each in made} == {773}


def test_two_processes_make_different_ids_at_the_same_moment() -> None:
    one, other = UlidIds(milliseconds=lambda: 1_000), UlidIds(milliseconds=lambda: 1_000)
    assert not {one.new(7) for _ in range(100)} & {other.new(7) for _ in range(100)}


def test_ids_of_this_moment_name_this_moment() -> None:
    ids = UlidIds()
    before, now = ids.new(1023), SystemClock().now()
    assert now.utcoffset() is not None
    assert before[:8] == UlidIds(milliseconds=lambda: int(now.timestamp() * 1000)).new(0)[:8]
