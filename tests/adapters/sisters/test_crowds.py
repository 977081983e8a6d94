"""A sick sister costs Sale a bounded number of calls, a bounded time and bounded memory, and its callers a sentence."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import httpx
import pytest

from sale_adapters.sisters.breaker import Breaker, BreakerState
from sale_adapters.sisters.documents import accepted
from sale_adapters.sisters.transport import MOST_BYTES, Transport
from sale_adapters.wire.retries import Retries
from sale_domain.port_errors import SisterRefused, SisterUnavailable


@attrs.define(kw_only=True)
class Pricing:
    """A pricing that may keep its callers waiting, on a clock that only the test moves."""

    now: float = 1000.0
    answer: Callable[[], Awaitable[httpx.Response]] | None = None
    asked: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def handle(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.answer() if self.answer else httpx.Response(200, content=b"{}")
        finally:
            self.at_once -= 1

    def transport(self, *, places: int = 3, place_seconds: float = 0.0, retries: int = 0) -> Transport:
        return Transport(
            sister="pricing",
            client=httpx.AsyncClient(base_url="http://pricing", transport=httpx.MockTransport(self.handle)),
            retries=Retries(count=retries, jitter=lambda bound: bound),
            breaker=Breaker(monotonic=lambda: self.now, failures=1, rest_seconds=7.5),
            places=places,
            place_seconds=place_seconds,
            monotonic=lambda: self.now,
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def pricing() -> Pricing:
    return Pricing()


async def unavailable(call: Awaitable[object]) -> SisterUnavailable:
    with pytest.raises(SisterUnavailable) as gone:
        await call
    return gone.value


async def test_a_slow_sister_gathers_no_crowd_and_the_rest_is_told_at_once(pricing: Pricing) -> None:
    released = asyncio.Event()

    async def slowly() -> httpx.Response:
        await released.wait()
        return httpx.Response(200)

    pricing.answer = slowly
    transport = pricing.transport(places=3)
    calls = [asyncio.create_task(transport.call("GET", "/x")) for _ in range(50)]
    refused, _ = await asyncio.wait(calls, timeout=0.2)

    assert len(refused) == 47
    assert {str(call.exception()) for call in refused} == {
        "pricing is not available: too many calls to it are under way"
    }
    assert transport.breaker.state() is BreakerState.CLOSED
    released.set()
    assert sorted(answer.status for answer in await asyncio.gather(*set(calls) - refused)) == [200] * 3
    assert (pricing.asked, pricing.most_at_once) == (3, 3)
    assert (await transport.call("GET", "/x")).status == 200


async def test_a_burst_waits_a_moment_for_its_places_and_is_answered(pricing: Pricing) -> None:
    async def soon() -> httpx.Response:
        await asyncio.sleep(0.001)
        return httpx.Response(200)

    pricing.answer = soon
    transport = pricing.transport(places=2, place_seconds=10)
    answers = await asyncio.gather(*(transport.call("GET", "/x") for _ in range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    assert pricing.most_at_once == 2


async def test_a_caller_who_leaves_while_it_waits_takes_no_place_with_it(pricing: Pricing) -> None:
    released = asyncio.Event()

    async def slowly() -> httpx.Response:
        await released.wait()
        return httpx.Response(200)

    pricing.answer = slowly
    transport = pricing.transport(places=1, place_seconds=10)
    first, second = (asyncio.create_task(transport.call("GET", "/x")) for _ in range(2))
    await asyncio.sleep(0.01)
    second.cancel()
    released.set()
    await asyncio.gather(first, second, return_exceptions=True)

    assert (await transport.call("GET", "/x")).status == 200


async def test_an_open_breaker_tells_its_callers_how_long_it_rests(pricing: Pricing) -> None:
    async def broken() -> httpx.Response:
        return httpx.Response(500)

    pricing.answer = broken
    transport = pricing.transport()
    await unavailable(transport.call("GET", "/x"))
    pricing.now += 2

    assert (await unavailable(transport.call("GET", "/x"))).retry_after_seconds == 6


@pytest.mark.parametrize(("asked", "told"), [("5", 5), ("0", 1), ("3600", 60)])
@pytest.mark.parametrize("status", [503, 429])
async def test_what_a_sister_asks_for_beyond_the_deadline_is_passed_on_but_for_no_more_than_a_minute(
    pricing: Pricing, status: int, asked: str, told: int
) -> None:
    async def overloaded() -> httpx.Response:
        return httpx.Response(status, headers={"retry-after": asked})

    pricing.answer = overloaded

    async def call() -> None:
        accepted("pricing", await pricing.transport().call("GET", "/x"))

    assert (await unavailable(call())).retry_after_seconds == told


async def test_a_sister_that_is_asked_too_often_is_alive_and_tried_again(pricing: Pricing) -> None:
    async def overloaded() -> httpx.Response:
        return httpx.Response(429)

    pricing.answer = overloaded
    transport = pricing.transport(retries=3)
    assert (await transport.call("GET", "/x")).status == 429
    assert (pricing.asked, transport.breaker.state()) == (4, BreakerState.CLOSED)


@pytest.mark.parametrize("status", [401, 403, 407, 408, 425, 429])
async def test_a_refusal_of_sale_itself_is_not_the_callers_fault(pricing: Pricing, status: int) -> None:
    async def refusing() -> httpx.Response:
        return httpx.Response(status, json={"detail": "no"})

    pricing.answer = refusing

    async def call() -> None:
        accepted("pricing", await pricing.transport().call("GET", "/x"))

    refused = await unavailable(call())
    assert (refused.reason, refused.words) == (f"it answered {status}", "no")


@pytest.mark.parametrize("status", [400, 402, 404, 409, 410, 418, 422])
async def test_a_refusal_of_the_request_is_passed_on_with_its_reason(pricing: Pricing, status: int) -> None:
    async def refusing() -> httpx.Response:
        return httpx.Response(status, json={"detail": "no fare for this item"})

    pricing.answer = refusing
    with pytest.raises(SisterRefused) as refused:
        accepted("pricing", await pricing.transport().call("GET", "/x"))
    assert (refused.value.status, refused.value.reason) == (status, "no fare for this item")


@attrs.define
class Endless(httpx.AsyncByteStream):
    """An answer that has no end; each part takes some time on the test's clock."""

    pricing: Pricing
    part: bytes
    seconds: float = 0.0
    parts: int = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.parts += 1
            self.pricing.now += self.seconds
            yield self.part
            await asyncio.sleep(0)


@pytest.mark.parametrize(("part", "seconds", "parts"), [(b" " * 65_536, 0.0, 65), (b" ", 1.0, 2)])
async def test_an_answer_without_end_ends_and_is_of_no_use(
    pricing: Pricing, part: bytes, seconds: float, parts: int
) -> None:
    endless = Endless(pricing, part, seconds)

    async def answer() -> httpx.Response:
        return httpx.Response(200, stream=endless)

    pricing.answer = answer
    answered = await pricing.transport().call("GET", "/x")
    assert len(answered.body) <= MOST_BYTES
    assert endless.parts == parts
    with pytest.raises(SisterUnavailable, match="cannot be used"):
        accepted("pricing", answered)
