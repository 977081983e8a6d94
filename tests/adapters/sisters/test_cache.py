"""What was read lately is not read again, for a while and in bounded memory."""

import attrs
import pytest

from sale_adapters.sisters.cache import Cache


@attrs.define
class Library:
    """Lends numbered copies, and takes its time."""

    now: float = 0.0
    lent: int = 0
    takes_seconds: float = 0.0
    is_closed: bool = False

    def cache(self, limit: int = 10) -> Cache[str, int]:
        return Cache(seconds=60, limit=limit, monotonic=lambda: self.now)

    async def lend(self) -> int:
        self.now += self.takes_seconds
        if self.is_closed:
            raise RuntimeError("closed")
        self.lent += 1
        return self.lent


async def test_a_value_is_good_for_its_time_and_then_loaded_again() -> None:
    library = Library()
    cache = library.cache()
    read = []
    for now in (0, 59.9, 60, 119.9, 120):
        library.now = now
        read.append(await cache.get("a", library.lend))
    assert read == [1, 1, 2, 2, 3]


async def test_its_age_counts_from_when_it_was_asked_for() -> None:
    library = Library(takes_seconds=5)
    cache = library.cache()
    await cache.get("a", library.lend)
    library.now = 60
    assert await cache.get("a", library.lend) == 2


async def test_a_failure_is_not_kept() -> None:
    library = Library(is_closed=True)
    cache = library.cache()
    with pytest.raises(RuntimeError, match="closed"):
        await cache.get("a", library.lend)
    library.is_closed = False
    assert await cache.get("a", library.lend) == 1


async def test_beyond_its_limit_the_oldest_is_forgotten_first() -> None:
    library = Library()
    cache = library.cache(limit=2)
    await cache.get("a", library.lend)
    library.now = 30
    await cache.get("b", library.lend)
    library.now = 60
    await cache.get("a", library.lend)
    await cache.get("c", library.lend)
    assert [await cache.get("a", library.lend), await cache.get("c", library.lend)] == [3, 4]
    assert library.lent == 4
    assert await cache.get("b", library.lend) == 5
