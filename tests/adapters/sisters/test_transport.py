"""One call to a sister: what is tried again, what is not, and when she is left alone."""

import asyncio
from collections.abc import Awaitable, Callable

import attrs
import httpx
import pytest

from processes import eventually
from sale_adapters.sisters.breaker import Breaker, BreakerState
from sale_adapters.sisters.transport import Answer, Token, Transport
from sale_adapters.wire.retries import Retries
from sale_domain.port_errors import SisterUnavailable
from sale_domain.use_cases.concurrently import concurrently

Reply = httpx.Response | Exception | Callable[[], Awaitable[httpx.Response]]


@attrs.define(kw_only=True)
class Commerce:
    """A commerce that answers as told, on a clock that only sleeping moves."""

    replies: list[Reply] = attrs.Factory(list)
    seen: list[httpx.Request] = attrs.Factory(list)
    waits: list[float] = attrs.Factory(list)
    now: float = 1000.0

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(httpx.Request(request.method, request.url, headers=request.headers, content=request.content))
        reply = self.replies.pop(0) if self.replies else httpx.Response(200, content=b"{}")
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else await reply()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def transport(
        self,
        *,
        sister: str = "commerce",
        token: Token | None = None,
        deadline_seconds: float = 5.0,
        try_seconds: float = 5.0,
        failures: int = 2,
        jitter: Callable[[float], float] = lambda bound: bound,
    ) -> Transport:
        async def no_token(_: str | None) -> str:
            return ""

        return Transport(
            sister=sister,
            client=httpx.AsyncClient(base_url="http://commerce/base", transport=httpx.MockTransport(self.handle)),
            token=token or no_token,
            passed_on=lambda: {"x-request-id": "r-1", "traceparent": "00-a-b-01"},
            deadline_seconds=deadline_seconds,
            try_seconds=try_seconds,
            retries=Retries(jitter=jitter),
            breaker=Breaker(monotonic=lambda: self.now, failures=failures, rest_seconds=10),
            monotonic=lambda: self.now,
            sleep=self.sleep,
        )


async def never() -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def unavailable(transport: Transport) -> str:
    with pytest.raises(SisterUnavailable) as gone:
        await transport.call("GET", "/x")
    return f"{gone.value.sister}: {gone.value.reason}"


@pytest.fixture
def commerce() -> Commerce:
    return Commerce()


async def test_a_call_carries_body_query_and_the_present_requests_headers(commerce: Commerce) -> None:
    answer = await commerce.transport().call("POST", "/calculate", params={"q": "phở"}, body=b'{"n":1.10}')
    [request] = commerce.seen
    assert str(request.url) == "http://commerce/base/calculate?q=ph%E1%BB%9F"
    assert (request.content, request.headers["content-type"]) == (b'{"n":1.10}', "application/json")
    assert (request.headers["x-request-id"], request.headers["traceparent"]) == ("r-1", "00-a-b-01")
    assert "authorization" not in request.headers
    assert (answer.status, answer.body) == (200, b"{}")


async def test_a_header_of_the_call_wins_over_one_that_is_passed_on(commerce: Commerce) -> None:
    await commerce.transport().call("GET", "/x", headers={"x-request-id": "r-2"})
    assert commerce.seen[0].headers.get_list("x-request-id") == ["r-2"]


@pytest.mark.parametrize("status", [302, 400, 404, 422])
async def test_an_answer_below_500_is_returned_and_not_tried_again(commerce: Commerce, status: int) -> None:
    commerce.replies = [httpx.Response(status, content=b"why", headers={"retry-after": "1"})]
    answer = await commerce.transport().call("GET", "/x")
    assert answer == Answer(status=status, body=b"why", headers=answer.headers)
    assert len(commerce.seen) == 1


async def test_time_outs_broken_connections_and_5xx_are_tried_again_with_doubling_bounds(commerce: Commerce) -> None:
    commerce.replies = [httpx.ReadTimeout("slow"), httpx.ConnectError("gone"), httpx.Response(502)]
    answer = await commerce.transport().call("POST", "/x", body=b"[1]")
    assert (answer.status, commerce.waits) == (200, [0.1, 0.2, 0.4])
    assert [request.content for request in commerce.seen] == [b"[1]"] * 4


async def test_pauses_are_drawn_from_the_whole_range_below_the_bound(commerce: Commerce) -> None:
    commerce.replies = [httpx.Response(500)] * 3
    bounds: list[float] = []

    def jitter(bound: float) -> float:
        bounds.append(bound)
        return 0.0

    await commerce.transport(jitter=jitter).call("GET", "/x")
    assert (bounds, commerce.waits) == ([0.1, 0.2, 0.4], [0, 0, 0])
    drawn = [pause for _ in range(200) for pause in Retries(longest_seconds=0.2).pauses()]
    assert 0 <= min(drawn) < 0.01
    assert 0.19 < max(drawn) <= 0.2


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (httpx.Response(503), "commerce: it answered 503"),
        (httpx.ConnectError("gone"), "commerce: the connection failed (ConnectError)"),
        (httpx.ReadTimeout("slow"), "commerce: it did not answer in time"),
    ],
)
async def test_after_three_retries_the_sister_is_unavailable_for_a_reason(
    commerce: Commerce, reply: Reply, reason: str
) -> None:
    commerce.replies = [reply] * 9
    assert await unavailable(commerce.transport()) == reason
    assert len(commerce.seen) == 4


@pytest.mark.parametrize("status", [503, 429])
@pytest.mark.parametrize(
    "told",
    [
        {"retry-after": "3"},
        {"retry-after": "Sun, 22 Nov 2026 06:30:03 GMT", "date": "Sun, 22 Nov 2026 06:30:00 GMT"},
    ],
)
async def test_retry_after_is_waited_for_within_the_deadline(
    commerce: Commerce, status: int, told: dict[str, str]
) -> None:
    commerce.replies = [httpx.Response(status, headers=told)]
    await commerce.transport().call("GET", "/x")
    assert commerce.waits == [3.1]


@pytest.mark.parametrize("told", [{}, {"retry-after": "soon"}, {"retry-after": "Sun, 22 Nov 2026 06:30:03 GMT"}])
async def test_a_retry_after_that_says_nothing_asks_for_nothing(commerce: Commerce, told: dict[str, str]) -> None:
    commerce.replies = [httpx.Response(503, headers=told)]
    await commerce.transport().call("GET", "/x")
    assert commerce.waits == [0.1]


async def test_a_retry_after_beyond_the_deadline_ends_the_call_at_once(commerce: Commerce) -> None:
    commerce.replies = [httpx.Response(503, headers={"retry-after": "3600"})]
    assert await unavailable(commerce.transport()) == "commerce: it answered 503"
    assert (len(commerce.seen), commerce.waits) == (1, [])


async def test_the_deadline_bounds_all_tries_together(commerce: Commerce) -> None:
    commerce.replies = [httpx.Response(503)] * 9
    assert await unavailable(commerce.transport(deadline_seconds=0.35)) == "commerce: it answered 503"
    assert len(commerce.seen) == 3
    assert commerce.waits == [0.1, 0.2]


async def test_a_sister_that_never_answers_is_left_at_the_deadline(commerce: Commerce) -> None:
    commerce.replies = [never] * 9
    async with asyncio.timeout(10):
        gone = await unavailable(commerce.transport(deadline_seconds=0.05, jitter=lambda _: 1.0))
    assert (gone, len(commerce.seen)) == ("commerce: it did not answer in time", 1)


async def test_a_sister_that_hangs_once_is_asked_again(commerce: Commerce) -> None:
    commerce.replies = [never, httpx.Response(200, content=b"{}")]
    async with asyncio.timeout(10):
        answer = await commerce.transport(try_seconds=0.05).call("GET", "/x")
    assert (answer.status, len(commerce.seen)) == (200, 2)


async def test_a_caller_who_leaves_cancels_no_send_that_is_under_way(commerce: Commerce) -> None:
    answered = asyncio.Event()

    async def slowly() -> httpx.Response:
        await asyncio.sleep(0.05)
        answered.set()
        return httpx.Response(200)

    commerce.replies = [slowly]
    call = asyncio.create_task(commerce.transport().call("GET", "/x"))
    while not commerce.seen:  # noqa: ASYNC110 - the sister is asked in a task of its own
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(5):
        await answered.wait()


async def test_calls_that_fail_in_a_row_open_the_breaker_and_no_call_leaves_while_it_is_open(
    commerce: Commerce,
) -> None:
    commerce.replies = [httpx.Response(503)] * 8
    transport = commerce.transport(failures=2)
    await unavailable(transport)
    assert transport.breaker.state() is BreakerState.CLOSED
    await unavailable(transport)
    assert transport.breaker.state() is BreakerState.OPEN
    assert "left alone" in await unavailable(transport)
    assert len(commerce.seen) == 8


async def test_an_answer_in_between_or_a_4xx_keeps_the_breaker_closed(commerce: Commerce) -> None:
    bad: list[Reply] = [httpx.Response(503)] * 4
    commerce.replies = [*bad, httpx.Response(404), *bad, httpx.Response(422)]
    transport = commerce.transport(failures=2)
    await unavailable(transport)
    await transport.call("GET", "/x")
    await unavailable(transport)
    await transport.call("GET", "/x")
    assert transport.breaker.state() is BreakerState.CLOSED


async def opened(commerce: Commerce) -> Transport:
    transport = commerce.transport(failures=1)
    commerce.replies = [httpx.Response(503)] * 4
    await unavailable(transport)
    commerce.seen.clear()
    commerce.now += 10
    assert transport.breaker.state() is BreakerState.HALF_OPEN
    return transport


async def test_after_its_rest_a_single_probe_goes_out_and_closes_the_breaker(commerce: Commerce) -> None:
    transport = await opened(commerce)
    answered = asyncio.Event()

    async def slowly() -> httpx.Response:
        await answered.wait()
        return httpx.Response(200)

    commerce.replies = [slowly]
    probe = asyncio.create_task(transport.call("GET", "/x"))
    await asyncio.sleep(0)
    assert "left alone" in await unavailable(transport)
    answered.set()
    assert (await probe).status == 200
    assert transport.breaker.state() is BreakerState.CLOSED
    assert len(commerce.seen) == 1


async def test_a_probe_that_fails_is_not_tried_again_and_opens_the_breaker_for_another_rest(
    commerce: Commerce,
) -> None:
    transport = await opened(commerce)
    commerce.replies = [httpx.Response(503)]
    await unavailable(transport)
    assert (len(commerce.seen), transport.breaker.state()) == (1, BreakerState.OPEN)
    commerce.now += 9.9
    assert transport.breaker.state() is BreakerState.OPEN
    commerce.now += 0.2
    assert (await transport.call("GET", "/x")).status == 200


async def test_who_always_asks_twice_at_once_and_gives_both_up_when_one_is_refused_closes_the_breaker_too(
    commerce: Commerce,
) -> None:
    transport = await opened(commerce)
    with pytest.raises(SisterUnavailable, match="left alone"):
        await concurrently(transport.call("GET", path) for path in ("/v1", "/v2"))

    assert await eventually(lambda: transport.breaker.state() is BreakerState.CLOSED)
    answers = await concurrently(transport.call("GET", path) for path in ("/v1", "/v2"))
    assert [answer.status for answer in answers] == [200, 200]


def test_news_from_before_the_breaker_opened_neither_closes_it_nor_prolongs_its_rest() -> None:
    now = 0.0
    breaker = Breaker(monotonic=lambda: now, failures=1, rest_seconds=10)
    first, second, third = breaker.admit(), breaker.admit(), breaker.admit()
    assert first is not None
    assert second is not None
    assert third is not None
    first.failed()
    second.succeeded()
    assert breaker.state() is BreakerState.OPEN
    now = 9.0
    third.failed()
    now = 10.0
    assert breaker.state() is BreakerState.HALF_OPEN


async def test_a_token_that_is_refused_is_replaced_once(commerce: Commerce) -> None:
    asked: list[str | None] = []

    async def token(refused: str | None) -> str:
        asked.append(refused)
        return "new" if refused else "old"

    commerce.replies = [httpx.Response(401)]
    assert (await commerce.transport(token=token).call("GET", "/x")).status == 200
    assert asked == [None, "old"]
    assert [request.headers["authorization"] for request in commerce.seen] == ["Bearer old", "Bearer new"]


async def test_a_401_with_no_better_token_is_returned(commerce: Commerce) -> None:
    async def token(_: str | None) -> str:
        return "only"

    commerce.replies = [httpx.Response(401)]
    assert (await commerce.transport(token=token).call("GET", "/x")).status == 401
    assert len(commerce.seen) == 1


@pytest.mark.parametrize("sister", ["commerce", "identity"])
async def test_no_token_says_nothing_about_the_sister_that_was_to_be_asked(commerce: Commerce, sister: str) -> None:
    async def gone(_: str | None) -> str:
        raise SisterUnavailable(sister="identity", reason="it answered 401")

    async def hangs(_: str | None) -> str:
        await never()
        return ""

    for token, reason in ((gone, "it answered 401"), (hangs, "it gave no service token in time")):
        transport = commerce.transport(sister=sister, token=token, failures=1, deadline_seconds=0.05)
        assert await unavailable(transport) == f"identity: {reason}"
        assert (transport.breaker.state(), commerce.seen) == (BreakerState.CLOSED, [])
