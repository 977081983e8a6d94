"""One call: the same Idempotency-Key over all tries, full jitter between them, and a deadline for all of it."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import attrs
import httpx

from sale_adapters.client.answers import Answer, understood
from sale_adapters.client.arguments import base_of, content, filters, header
from sale_adapters.client.problems import Problem, Unavailable, Unreachable
from sale_adapters.wire.retries import Retries
from sale_domain.documents import JsonObject
from sale_domain.port_errors import KeyInUse

Token = str | Callable[[], Awaitable[str]]
"""A bearer token, or what returns one; it is asked before every try, and has to keep the token itself."""

_REPEATABLE = frozenset({"GET", "POST"})
"""A read changes nothing, and a POST has its key; the second try of another could be told of the first one's effect."""

_TOO_MANY = 429
_KEY = "idempotency-key"


@runtime_checkable
class _Closable(Protocol):
    async def aclose(self) -> None: ...


@attrs.define
class _Course:
    """How far a call has come, so that what ends it is told truthfully.

    Attributes:
        awaited: What the caller waits for.
        heard: Whether Sale may have heard of a try.
        heard_before: Whether it may have heard of one before the last.
    """

    awaited: str = "there was a token"
    heard: bool = False
    heard_before: bool = False
    _connection: object = None

    def send(self) -> None:
        """Begin with a request: whoever does not say how far he is with it may have sent it."""
        self.awaited, self.heard_before, self.heard = "the answer was whole", self.heard, True

    async def follow(self, event: str, details: Mapping[str, object]) -> None:
        """Be told by httpcore (its extension `trace`) what is done: who is still connecting has sent nothing."""
        self.heard = self.heard_before or not event.startswith("connection.")
        if event.endswith(".connect_tcp.complete"):
            self._connection = details["return_value"]
        elif event.endswith(".start_tls.failed") and isinstance(self._connection, _Closable):
            # httpcore forgets a connection that is cancelled in its handshake: it would stay open for ever.
            await self._connection.aclose()


class Calls:
    """The way to one Sale, on behalf of one merchant."""

    def __init__(
        self,
        base_url: str,
        *,
        token: Token,
        merchant_id: str,
        transport: httpx.AsyncBaseTransport | None = None,
        deadline_seconds: float = 30.0,
        try_seconds: float = 10.0,
        retries: Retries | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare calls; nothing is connected yet.

        Args:
            base_url: where Sale is, such as http://127.0.0.1:31030; `/v1/api/sale` may stand behind it.
            token: whose calls they are; a function is cancelled at the deadline, and what it raises is the caller's.
            merchant_id: the active merchant; one of the token's.
            transport: how to get there, with which proxies and certificates; httpx's own without any unless given.
            deadline_seconds: for a whole call with its retries and pauses: nothing is waited for beyond it.
            try_seconds: how long one try waits for a connection, or for the next piece of the answer; an answer
                whose pieces keep coming is listened to until the deadline.
            retries: how often and how fast to try again.
            monotonic: seconds that never go back.
            sleep: waits, in seconds.

        Raises:
            ValueError: an address, a token or a merchant that no request can carry.
        """
        self._client = httpx.AsyncClient(
            transport=transport,
            base_url=base_of(base_url),
            headers={"x-merchant-id": header("merchant_id", merchant_id), "content-type": "application/json"},
            trust_env=False,
        )
        self._token = header("token", token) if isinstance(token, str) else token
        self._deadline_seconds = deadline_seconds
        self._try_seconds = try_seconds
        self._retries = retries or Retries(count=5, longest_seconds=5.0)
        self._monotonic = monotonic
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of its connections."""
        await self.close()

    async def close(self) -> None:
        """Let go of its connections; it cannot be used any more."""
        await self._client.aclose()

    async def _get(self, path: str, query: JsonObject | None = None) -> Answer:
        return await self._asked(self._wish("GET", path, query=query))

    async def _post(self, path: str, body: JsonObject, *, key: str | None, if_match: int | None = None) -> Answer:
        key = uuid.uuid4().hex if key is None else header("key", key)
        return await self._asked(self._wish("POST", path, body=body, key=key, if_match=if_match))

    async def _change(
        self, method: str, path: str, body: JsonObject | None = None, *, if_match: int | None = None
    ) -> Answer:
        return await self._asked(self._wish(method, path, body=body, if_match=if_match))

    def _wish(
        self,
        method: str,
        path: str,
        *,
        query: JsonObject | None = None,
        body: JsonObject | None = None,
        key: str | None = None,
        if_match: int | None = None,
    ) -> httpx.Request:
        """Return what is asked, the same at every try; only the token is missing.

        Raises:
            ValueError: an argument that no request can carry.
        """
        told = {_KEY: key, "if-match": None if if_match is None else f'"{if_match}"'}
        try:
            return self._client.build_request(
                method,
                path,
                params=filters(query or {}),
                content=None if body is None else content(body),
                headers={name: text for name, text in told.items() if text is not None},
            )
        except httpx.InvalidURL as broken:
            raise ValueError(f"an id, a filter or a cursor fits into no address: {broken}") from None

    async def _asked(self, wish: httpx.Request) -> Answer:
        """Ask until there is an answer, or the deadline passes.

        Raises:
            Problem: Sale refuses.
            Unreachable: nobody answered in time.
            UnreadableAnswer: somebody else answered.
        """
        course = _Course()
        try:
            async with asyncio.timeout(self._deadline_seconds) as deadline:
                return await self._repeated(wish, course)
        except Unreachable as failed:
            failed.untouched = not course.heard
            raise
        except TimeoutError:
            if not deadline.expired():
                raise  # The token's function has a deadline of its own.
            raise Unreachable(
                reason=f"the deadline of {self._deadline_seconds:g} s passed before {course.awaited}",
                untouched=not course.heard,
                key=wish.headers.get(_KEY),
            ) from None

    async def _repeated(self, wish: httpx.Request, course: _Course) -> Answer:
        ends, pauses = self._monotonic() + self._deadline_seconds, iter(self._retries.pauses())
        while True:
            try:
                return await self._tried(wish, ends, course)
            except (Problem, Unreachable) as failed:
                pause = next(pauses, None)
                # Sale says when at the earliest; that all come back at that very moment is what the jitter is for.
                wait = failed.retry_after_seconds + (pause or 0.0)
                if pause is None or not _may_repeat(wish, failed) or self._monotonic() + wait >= ends:
                    raise
            await self._sleep(wait)

    async def _tried(self, wish: httpx.Request, ends: float, course: _Course) -> Answer:
        course.awaited = "there was a token"
        token = self._token if isinstance(self._token, str) else header("token", await self._token())
        seconds = max(0.001, min(self._try_seconds, ends - self._monotonic()))
        request = httpx.Request(
            wish.method,
            wish.url,
            headers={**wish.headers, "authorization": f"Bearer {token}"},
            content=wish.content,
            extensions={"timeout": httpx.Timeout(seconds).as_dict(), "trace": course.follow},
        )
        course.send()
        key = wish.headers.get(_KEY)
        try:
            response = await self._client.send(request, stream=False)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as failed:
            course.heard = course.heard_before
            raise Unreachable(reason=_words(failed), untouched=True, key=key) from failed
        except httpx.RequestError as failed:
            raise Unreachable(reason=_words(failed), key=key) from failed
        return understood(response, key=key)


def _words(failed: httpx.RequestError) -> str:
    if isinstance(failed, httpx.TimeoutException):
        return f"the time was up ({type(failed).__name__})"
    return f"the connection failed ({type(failed).__name__})"


def _may_repeat(wish: httpx.Request, failed: Problem | Unreachable) -> bool:
    if isinstance(failed, Unreachable):
        return failed.untouched or wish.method in _REPEATABLE
    if failed.status == _TOO_MANY:
        return True
    # An equal request that is still under way has the key: its answer is what is waited for.
    waiting = failed.code == KeyInUse.code
    return wish.method in _REPEATABLE and (waiting or isinstance(failed, Unavailable))
