"""Every call to a sister is told of once, however it ends."""

import asyncio
from collections.abc import Callable, Coroutine

import httpx
import pytest

from sale_adapters.sisters.breaker import Breaker
from sale_adapters.sisters.transport import (
    ABANDONED,
    ANSWERED,
    CROWDED,
    LEFT_ALONE,
    OUTCOMES,
    REFUSED,
    UNAVAILABLE,
    Transport,
)
from sale_adapters.wire.retries import Retries
from sale_domain.port_errors import SisterUnavailable

Seen = list[tuple[str, str, float]]


async def skip(_: float) -> None:
    """Wait for nothing."""


def transport(
    seen: Seen, answer: Callable[[httpx.Request], Coroutine[None, None, httpx.Response]], *, places: int = 10
) -> Transport:
    """Call a pricing that answers so; the second failure in a row opens the breaker. Each look at the time is 1 s."""
    seconds = iter(range(10_000))
    return Transport(
        sister="pricing",
        client=httpx.AsyncClient(base_url="http://pricing", transport=httpx.MockTransport(answer)),
        retries=Retries(count=1),
        breaker=Breaker(monotonic=lambda: 0.0, failures=2),
        observe=lambda *told: seen.append(told),
        monotonic=lambda: float(next(seconds)),
        deadline_seconds=1000,
        places=places,
        place_seconds=0,
        sleep=skip,
    )


@pytest.mark.parametrize(("status", "outcome"), [(200, ANSWERED), (204, ANSWERED), (404, REFUSED), (422, REFUSED)])
async def test_an_answer_is_told_by_its_class(status: int, outcome: str) -> None:
    seen: Seen = []

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status)

    await transport(seen, answer).call("GET", "/")

    assert [(sister, what) for sister, what, _ in seen] == [("pricing", outcome)]
    assert seen[0][2] > 0


async def test_a_call_that_fails_is_told_once_whatever_its_retries_and_one_that_is_not_made_too() -> None:
    seen: Seen = []
    asked: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(503)

    pricing = transport(seen, answer)
    for _ in range(3):
        with pytest.raises(SisterUnavailable):
            await pricing.call("GET", "/")

    assert [what for _, what, _ in seen] == [UNAVAILABLE, UNAVAILABLE, LEFT_ALONE]
    assert len(asked) == 4


async def test_a_call_that_is_given_up_is_told_too() -> None:
    seen: Seen = []
    begun = asyncio.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    call = asyncio.ensure_future(transport(seen, answer).call("GET", "/"))
    await begun.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    assert [what for _, what, _ in seen] == [ABANDONED]


async def test_a_call_that_finds_no_place_is_told_too() -> None:
    seen: Seen = []
    begun, ends = asyncio.Event(), asyncio.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        begun.set()
        await ends.wait()
        return httpx.Response(200)

    pricing = transport(seen, answer, places=1)
    first = asyncio.ensure_future(pricing.call("GET", "/"))
    await begun.wait()
    with pytest.raises(SisterUnavailable, match="too many calls"):
        await pricing.call("GET", "/")
    ends.set()
    await first

    assert [what for _, what, _ in seen] == [CROWDED, ANSWERED]
    assert set(OUTCOMES) == {ANSWERED, REFUSED, UNAVAILABLE, LEFT_ALONE, CROWDED, ABANDONED}
