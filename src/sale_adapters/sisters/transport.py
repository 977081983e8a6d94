"""One call to a sister: a deadline for all of it, retries with full jitter, inside a circuit breaker (C6 to C9).

`backoff` is no longer maintained upstream: this is the only module that knows it, and it uses nothing but its figures
(exponential growth, full jitter), since its decorators sleep and read the time on their own.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import attrs
import backoff
import httpx

from sale_adapters.sisters.breaker import Breaker
from sale_adapters.wire.tracing import Kind, step
from sale_domain.errors import SisterUnavailable

Token = Callable[[str | None], Awaitable[str]]
"""Return a service token; one that differs from the given token, which a sister has refused, if any."""

Observe = Callable[[str, str, float], None]
"""Hear of a call that has ended: the sister, what came of it (one of `OUTCOMES`), and how many seconds it took."""

ANSWERED, REFUSED, UNAVAILABLE, LEFT_ALONE, ABANDONED = OUTCOMES = (
    "answered",
    "refused",
    "unavailable",
    "left-alone",
    "abandoned",
)
"""Below 400; 4xx; nothing usable in time; not even asked, the breaker is open; given up by the caller."""

_UNAUTHORIZED = 401
_BAD_REQUEST = 400
_SERVER_ERROR = 500


@attrs.frozen(kw_only=True)
class Answer:
    """What a sister answered, 4xx included; the body is not looked at."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Retries:
    """How often a call is tried again, and how long the pauses are: random between 0 and a doubling bound."""

    count: int = 3
    first_seconds: float = 0.1
    longest_seconds: float = 1.0
    jitter: Callable[[float], float] = backoff.full_jitter

    def pauses(self) -> list[float]:
        """Draw the pauses before the retries, in seconds."""
        bounds = backoff.expo(factor=self.first_seconds, max_value=self.longest_seconds)
        next(bounds)  # backoff's generators yield nothing of use at first
        return [self.jitter(next(bounds)) for _ in range(self.count)]


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
            deadline_seconds: for a whole call, token, retries and pauses included.
            try_seconds: for one try; one that hangs must leave time for another.
            retries: how often and how fast to try again.
            breaker: shared by all calls to this sister.
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
        self._observe = observe
        self._monotonic = monotonic
        self._sleep = sleep
        self._sending: set[asyncio.Future[httpx.Response]] = set()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and return the answer, whatever it is below 500.

        ``body`` is JSON unless ``headers`` say otherwise; they also win over those that are passed on.

        Raises:
            SisterUnavailable: no answer below 500 in time and within the retries, the breaker is open, or no
                service token can be had (then it names identity).
        """
        facts = {"peer.service": self.sister, "http.request.method": method}
        with step(f"{self.sister} {method}", kind=Kind.CLIENT, facts=facts):
            return await self._called(method, path, params=params, body=body, headers=headers)

    async def _called(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        body: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        kind = {"content-type": "application/json"} if body else {}
        given = {**kind, **self._passed_on(), **(headers or {})}
        request = self._client.build_request(method, path, params=params, content=body, headers=given)
        admission, started = self.breaker.admit(), self._monotonic()
        if admission is None:
            self._told(LEFT_ALONE, started)
            raise self._unavailable("it failed too often just now, and is left alone for a while")
        pauses = [] if admission.is_probe else self._retries.pauses()
        try:
            answer = await self._answered(request, pauses)
        except SisterUnavailable as gone:
            (admission.failed if gone.sister == self.sister else admission.abandoned)()
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

    async def _answered(self, request: httpx.Request, pauses: list[float]) -> Answer:
        ends = self._monotonic() + self._deadline_seconds
        for pause in [*pauses, None]:
            answer, reason = await self._tried(request, ends)
            if answer is not None and answer.status < _SERVER_ERROR:
                return answer
            wait = None if pause is None else max(pause, _retry_after(answer))
            if wait is None or self._monotonic() + wait >= ends:
                break
            await self._sleep(wait)
        raise self._unavailable(reason)

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
        except TimeoutError as late:
            raise SisterUnavailable(sister="identity", reason="it gave no service token in time") from late

    async def _sent(self, request: httpx.Request, token: str, ends: float) -> tuple[Answer | None, str]:
        if token:
            request.headers["authorization"] = f"Bearer {token}"
        # A send that is cancelled can leave its connection in the client's pool for ever, so it ends by the client's
        # own time-outs, whoever still waits for it.
        request.extensions["timeout"] = httpx.Timeout(self._try_seconds).as_dict()
        sending = asyncio.ensure_future(self._client.send(request))
        self._sending.add(sending)
        sending.add_done_callback(self._sent_or_not)
        try:
            async with asyncio.timeout(min(self._try_seconds, ends - self._monotonic())):
                received = await asyncio.shield(sending)
        except (TimeoutError, httpx.TimeoutException):
            return None, "it did not answer in time"
        except httpx.RequestError as broken:
            return None, f"the connection failed ({type(broken).__name__})"
        answer = Answer(status=received.status_code, body=received.content, headers=received.headers)
        return answer, f"it answered {answer.status}"

    def _sent_or_not(self, sending: "asyncio.Future[httpx.Response]") -> None:
        self._sending.discard(sending)
        if not sending.cancelled():
            sending.exception()  # whoever waited has been told; nobody else has to be

    def _unavailable(self, reason: str) -> SisterUnavailable:
        return SisterUnavailable(sister=self.sister, reason=reason)


def _retry_after(answer: Answer | None) -> float:
    asked = answer.headers.get("retry-after", "") if answer is not None else ""
    return float(asked) if asked.isascii() and asked.isdigit() else 0.0
