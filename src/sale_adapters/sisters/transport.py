"""One call to a sister: a deadline for all of it, retries with full jitter, inside a circuit breaker (C6 to C9)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager

import attrs
import httpx

from sale_adapters.sisters.breaker import Admission, Breaker
from sale_adapters.wire.retries import Retries, retry_after_seconds, whole_seconds
from sale_adapters.wire.tracing import Kind, step
from sale_domain.port_errors import SisterUnavailable

Token = Callable[[str | None], Awaitable[str]]
"""Return a service token; one that differs from the given token, which a sister has refused, if any."""

Observe = Callable[[str, str, float], None]
"""Hear of a call that has ended: the sister, what came of it (one of `OUTCOMES`), and how many seconds it took."""

ANSWERED, REFUSED, UNAVAILABLE, LEFT_ALONE, CROWDED, ABANDONED = OUTCOMES = (
    "answered",
    "refused",
    "unavailable",
    "left-alone",
    "crowded",
    "abandoned",
)
"""Below 400; 4xx; nothing usable in time; not asked: the breaker is open, or too many ask; given up by the caller."""

MOST_BYTES = 4 * 1024 * 1024
"""An answer is read no further: what is cut off is no JSON any more, and so of no use."""

_UNAUTHORIZED = 401
_BAD_REQUEST = 400
_SERVER_ERROR = 500
_LATER = frozenset({408, 425, 429})
"""A 4xx that says nothing about the request but: later. She is alive, and the same may be asked again."""


@attrs.frozen(kw_only=True)
class Answer:
    """What a sister answered, 4xx included; the body is not looked at."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class _NoToken(Exception):
    """Identity gives no token, so that the sister was never asked."""

    def __init__(self, reason: SisterUnavailable) -> None:
        super().__init__()
        self.reason = reason


async def _no_token(_: str | None) -> str:
    return ""


def _unobserved(_: str, __: str, ___: float) -> None:
    """Tell nobody."""


class Transport:
    """Call one sister over HTTP. Every call must be safe to repeat (as all of contract §10 are)."""

    def __init__(
        self,
        *,
        sister: str,
        client: httpx.AsyncClient,
        token: Token = _no_token,
        passed_on: Callable[[], Mapping[str, str]] = dict,
        deadline_seconds: float = 5.0,
        try_seconds: float = 1.5,
        retries: Retries | None = None,
        breaker: Breaker | None = None,
        places: int = 64,
        place_seconds: float = 0.5,
        observe: Observe = _unobserved,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare calls to ``sister``.

        Args:
            sister: its name, for errors.
            client: has the base URL; its own time-outs only matter where they are shorter than the deadline.
            token: supplies the service token; an empty one sends none.
            passed_on: headers of the present request that every sister is told (X-Request-Id, traceparent).
            deadline_seconds: for a whole call, the wait for a place, token, retries and pauses included.
            try_seconds: for one try; one that hangs must leave time for another.
            retries: how often and how fast to try again.
            breaker: shared by all calls to this sister.
            places: how many calls there are at a time, so that a slow sister gathers no crowd in this process.
            place_seconds: how long a call waits for a place before it fails.
            observe: hears how each call ended.
            monotonic: seconds that never go back.
            sleep: waits, in seconds.
        """
        self.sister = sister
        self._client = client
        self._token = token
        self._passed_on = passed_on
        self._deadline_seconds = deadline_seconds
        self._try_seconds = try_seconds
        self._retries = retries or Retries()
        self.breaker = breaker or Breaker(monotonic=monotonic)
        self._places = asyncio.Semaphore(places)
        self._place_seconds = place_seconds
        self._observe = observe
        self._monotonic = monotonic
        self._sleep = sleep
        self._going_on: set[asyncio.Task[Answer]] = set()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> Answer:
        """Send a request and return the answer, whatever it is below 500.

        ``body`` is JSON unless ``headers`` say otherwise; they also win over those that are passed on. ``once`` does
        without retries, for who asks again by himself.

        Raises:
            SisterUnavailable: no answer below 500 in time and within the retries, the breaker is open, too many other
                calls are under way, or no service token can be had (then it names identity).
        """
        facts = {"peer.service": self.sister, "http.request.method": method}
        with step(f"{self.sister} {method}", kind=Kind.CLIENT, facts=facts):
            return await self._called(method, path, params=params, body=body, headers=headers, once=once)

    async def _called(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        once: bool,
    ) -> Answer:
        kind = {"content-type": "application/json"} if body else {}
        given = {**kind, **self._passed_on(), **(headers or {})}
        request = self._client.build_request(method, path, params=params, content=body, headers=given)
        started = self._monotonic()
        async with self._place(started):
            return await self._admitted(request, [] if once else self._retries.pauses(), started)

    @asynccontextmanager
    async def _place(self, started: float) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(self._place_seconds):
                await self._places.acquire()
        except TimeoutError:
            self._told(CROWDED, started)
            raise self._unavailable("too many calls to it are under way") from None
        try:
            yield
        finally:
            self._places.release()

    async def _admitted(self, request: httpx.Request, pauses: list[float], started: float) -> Answer:
        """Ask unless the breaker is open, and tell it what came of that."""
        admission = self.breaker.admit()
        if admission is None:
            self._told(LEFT_ALONE, started)
            raise self._unavailable(
                "it failed too often just now, and is left alone for a while", after=self.breaker.rest_left_seconds()
            )
        if admission.is_probe:
            # A checkout asks pricing twice at once. While one is the probe the other is refused, and the checkout gives
            # both up: a probe that ended with its caller would never learn anything, and the breaker never close.
            return await asyncio.shield(self._kept(self._asked(request, [], admission, started)))
        return await self._asked(request, pauses, admission, started)

    async def _asked(self, request: httpx.Request, pauses: list[float], admission: Admission, started: float) -> Answer:
        try:
            answer = await self._answered(request, pauses, ends=started + self._deadline_seconds)
        except _NoToken as none:
            # Also when it is identity who was to be asked: her token's door has a breaker of its own.
            admission.abandoned()
            self._told(UNAVAILABLE, started)
            raise none.reason from None
        except SisterUnavailable:
            admission.failed()
            self._told(UNAVAILABLE, started)
            raise
        except BaseException:
            admission.abandoned()
            self._told(ABANDONED, started)
            raise
        admission.succeeded()
        self._told(ANSWERED if answer.status < _BAD_REQUEST else REFUSED, started)
        return answer

    def _told(self, outcome: str, started: float) -> None:
        self._observe(self.sister, outcome, self._monotonic() - started)

    async def _answered(self, request: httpx.Request, pauses: list[float], *, ends: float) -> Answer:
        for pause in [*pauses, None]:
            answer, reason = await self._tried(request, ends)
            if answer is not None and answer.status < _SERVER_ERROR and answer.status not in _LATER:
                return answer
            after = 0.0 if answer is None else retry_after_seconds(answer.headers)
            # She says when at the earliest; that all come back at that very moment is what the jitter is for.
            if pause is None or self._monotonic() + after + pause >= ends:
                break
            await self._sleep(after + pause)
        if answer is not None and answer.status < _SERVER_ERROR:
            return answer
        raise self._unavailable(reason, after=after)

    async def _tried(self, request: httpx.Request, ends: float) -> tuple[Answer | None, str]:
        """Send once, and once more with another token when this one is refused: identity's key may have changed."""
        token = await self._granted(None, ends)
        answer, reason = await self._sent(request, token, ends)
        if answer is None or answer.status != _UNAUTHORIZED or not token:
            return answer, reason
        other = await self._granted(token, ends)
        return (answer, reason) if other == token else await self._sent(request, other, ends)

    async def _granted(self, refused: str | None, ends: float) -> str:
        try:
            async with asyncio.timeout(ends - self._monotonic()):
                return await self._token(refused)
        except TimeoutError:
            raise _NoToken(SisterUnavailable(sister="identity", reason="it gave no service token in time")) from None
        except SisterUnavailable as gone:
            raise _NoToken(gone) from None

    async def _sent(self, request: httpx.Request, token: str, ends: float) -> tuple[Answer | None, str]:
        if token:
            request.headers["authorization"] = f"Bearer {token}"
        # A send that is cancelled can leave its connection in the client's pool for ever, so it ends by the client's
        # own time-outs, whoever still waits for it.
        request.extensions["timeout"] = httpx.Timeout(self._try_seconds).as_dict()
        sending = self._kept(self._received(request))
        try:
            async with asyncio.timeout(min(self._try_seconds, ends - self._monotonic())):
                answer = await asyncio.shield(sending)
        except (TimeoutError, httpx.TimeoutException):
            return None, "it did not answer in time"
        except httpx.RequestError as broken:
            return None, f"the connection failed ({type(broken).__name__})"
        return answer, f"it answered {answer.status}"

    async def _received(self, request: httpx.Request) -> Answer:
        """Read an answer up to `MOST_BYTES`, and for no longer than a try: one that drips would never end."""
        ends, body = self._monotonic() + self._try_seconds, bytearray()
        response = await self._client.send(request, stream=True)
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES or self._monotonic() > ends:
                    break
        finally:
            await response.aclose()
        return Answer(status=response.status_code, body=bytes(body[:MOST_BYTES]), headers=response.headers)

    def _kept(self, work: Coroutine[None, None, Answer]) -> "asyncio.Task[Answer]":
        """Start what goes on to its end, whoever still waits for it."""
        task = asyncio.create_task(work)
        self._going_on.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: "asyncio.Task[Answer]") -> None:
        self._going_on.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has been told; nobody else has to be

    def _unavailable(self, reason: str, *, after: float = 0.0) -> SisterUnavailable:
        return SisterUnavailable(sister=self.sister, reason=reason, retry_after_seconds=whole_seconds(after))
