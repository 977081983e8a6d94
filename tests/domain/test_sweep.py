"""A sweep goes on past whatever fails, and ends when the store is away: not when it was away now and then."""

from collections.abc import AsyncIterator, Iterable

import pytest

from sale_domain.port_errors import StoreBusy, StoreUnavailable
from sale_domain.use_cases.sweep import AWAY, each

BUG, LOCKED, GONE = ZeroDivisionError(), StoreBusy(reason="lock timeout"), StoreUnavailable(reason="a cable")
Thing = Exception | bool
ALMOST_AWAY: list[Thing] = [GONE] * (AWAY - 1)


async def swept(things: Iterable[Thing]) -> tuple[tuple[Thing, ...], list[Exception]]:
    """Sweep over things that fail so, or have an effect or none; return what had one, and the failures."""

    async def found() -> AsyncIterator[Thing]:
        for thing in things:
            yield thing

    async def act(thing: Thing) -> bool:
        if isinstance(thing, Exception):
            raise thing
        return thing

    done, failed = await each(found(), act)
    return done, [failure for _, failure in failed]


async def test_a_store_that_is_away_many_times_but_never_long_ends_no_sweep() -> None:
    things: list[Thing] = [
        *ALMOST_AWAY,
        True,
        *ALMOST_AWAY,
        False,
        *ALMOST_AWAY,
        BUG,
        *ALMOST_AWAY,
        LOCKED,
        *ALMOST_AWAY,
    ]

    done, failed = await swept(things)

    assert done == (True,)
    assert failed == [thing for thing in things if isinstance(thing, Exception)]


@pytest.mark.parametrize("before", [[], [True], [BUG], [LOCKED], [GONE, True]])
async def test_a_store_that_is_away_for_long_ends_it_at_once(before: list[Thing]) -> None:
    with pytest.raises(StoreUnavailable, match="a cable"):
        await swept([*before, *ALMOST_AWAY, GONE, BUG])


async def test_what_had_an_effect_is_told_one_after_the_other() -> None:
    assert await swept([True, False, True, True]) == ((True, True, True), [])
