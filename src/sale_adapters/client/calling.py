"""One call: the same Idempotency-Key over all tries, full jitter between them, and a deadline for all of it."""

import asyncio
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self
from urllib.parse import quote

import attrs
import httpx

from sale_adapters.client.answers import Answer
from sale_adapters.client.problems import Problem, Unavailable, Unreachable, UnreadableAnswer, problem_in
from sale_adapters.wire import json
from sale_adapters.wire.places import BASE
from sale_adapters.wire.retries import Retries, retry_after_seconds
from sale_domain.documents import JsonObject
from sale_domain.port_errors import KeyInUse

Token = str | Callable[[], Awaitable[str]]
"""A bearer token, or what returns one; it is asked before every try, and has to keep the token itself."""

_REPEATABLE = frozenset({"GET", "POST"})
"""A read changes nothing, and a POST has its key; the second try of another could be told of the first one's effect."""

_ELSEWHERE = frozenset({"", ".", ".."})
"""Without the id of a line, its path would be that of all lines."""

_TOO_MANY, _SERVER_ERROR = 429, 500


@attrs.frozen(kw_only=True)
class Wish:
    """What is asked, the same at every try."""

    method: str
    path: str
    query: Mapping[str, str] = attrs.field(factory=dict)
    body: JsonObject | None = None
    key: str | None = None
    if_match: int | None = None


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
            token: whose calls they are.
            merchant_id: the active merchant; one of the token's.
            transport: how to get there, with which proxies and certificates; httpx's own without any unless given.
            deadline_seconds: for a whole call with its retries and pauses: nothing is waited for beyond it.
            try_seconds: how long one try waits for a connection, or for the next piece of the answer.
            retries: how often and how fast to try again.
            monotonic: seconds that never go back.
            sleep: waits, in seconds.
        """
        self._client = httpx.AsyncClient(
            transport=transport,
            base_url=base_url.rstrip("/").removesuffix(BASE) + BASE,
            headers={"x-merchant-id": merchant_id, "content-type": "application/json"},
            trust_env=False,
        )
        self._token = token
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
        told = {name: str(value) for name, value in (query or {}).items()}
        return await self._asked(Wish(method="GET", path=path, query=told))

    async def _post(self, path: str, body: JsonObject, *, key: str | None, if_match: int | None = None) -> Answer:
        key = key or uuid.uuid4().hex
        return await self._asked(Wish(method="POST", path=path, body=body, key=key, if_match=if_match))

    async def _change(
        self, method: str, path: str, body: JsonObject | None = None, *, if_match: int | None = None
    ) -> Answer:
        return await self._asked(Wish(method=method, path=path, body=body, if_match=if_match))

    async def _asked(self, wish: Wish) -> Answer:
        """Ask until there is an answer.

        Raises:
            Problem: Sale refuses.
            Unreachable: nobody answered in time.
            UnreadableAnswer: somebody else answered.
        """
        ends, pauses = self._monotonic() + self._deadline_seconds, iter(self._retries.pauses())
        while True:
            try:
                return await self._tried(wish, ends)
            except (Problem, Unreachable) as failed:
                pause = next(pauses, None)
                # Sale says when at the earliest; that all come back at that very moment is what the jitter is for.
                wait = failed.retry_after_seconds + (pause or 0.0)
                if pause is None or not _may_repeat(wish, failed) or self._monotonic() + wait >= ends:
                    raise
            await self._sleep(wait)

    async def _tried(self, wish: Wish, ends: float) -> Answer:
        token = self._token if isinstance(self._token, str) else await self._token()
        seconds = max(0.001, min(self._try_seconds, ends - self._monotonic()))
        request = self._client.build_request(
            wish.method,
            wish.path,
            params=dict(wish.query),
            content=None if wish.body is None else json.write(wish.body),
            headers={"authorization": f"Bearer {token}", **_conditions(wish)},
            timeout=seconds,
        )
        try:
            response, body = await self._received(request, ends)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as failed:
            raise Unreachable(reason=_words(failed), untouched=True, key=wish.key) from failed
        except httpx.RequestError as failed:
            raise Unreachable(reason=_words(failed), key=wish.key) from failed
        return _understood(response, body, wish)

    async def _received(self, request: httpx.Request, ends: float) -> tuple[httpx.Response, bytes]:
        """Read an answer, but not one that drips beyond the deadline."""
        response, body = await self._client.send(request, stream=True), bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if self._monotonic() > ends:
                    raise httpx.ReadTimeout("the answer did not end in time", request=request)
        finally:
            await response.aclose()
        return response, bytes(body)


def place(*steps: str) -> str:
    """Return a path below the base; ids are quoted.

    >>> place("sale-orders", "01K/..", "items")
    '/sale-orders/01K%2F../items'

    Raises:
        ValueError: an id is one that would lead elsewhere.
    """
    if not _ELSEWHERE.isdisjoint(steps):
        raise ValueError(f"{steps} has a step that is no id")
    return "".join(f"/{quote(step, safe='')}" for step in steps)


def _conditions(wish: Wish) -> dict[str, str]:
    told = {} if wish.key is None else {"idempotency-key": wish.key}
    return told if wish.if_match is None else {**told, "if-match": f'"{wish.if_match}"'}


def _words(failed: httpx.RequestError) -> str:
    if isinstance(failed, httpx.TimeoutException):
        return f"no answer in time ({type(failed).__name__})"
    return f"the connection failed ({type(failed).__name__})"


def _understood(response: httpx.Response, body: bytes, wish: Wish) -> Answer:
    status, headers = response.status_code, response.headers
    if response.is_success:
        return Answer(
            status=status,
            body=body,
            version=_number(headers.get("etag", "").strip('"')),
            feed_seq=_number(headers.get("x-feed-seq", "")),
        )
    problem = problem_in(status, headers, body)
    if problem is not None:
        raise problem
    if status >= _SERVER_ERROR or status == _TOO_MANY:
        # A proxy's word; what is behind it may have worked on the request.
        raise Unreachable(
            reason=f"somebody on the way answered {status}",
            key=wish.key,
            retry_after_seconds=retry_after_seconds(headers),
        )
    raise UnreadableAnswer(status=status, reason="it is neither what was asked for nor a problem")


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]+", text) else None


def _may_repeat(wish: Wish, failed: Problem | Unreachable) -> bool:
    if isinstance(failed, Unreachable):
        return failed.untouched or wish.method in _REPEATABLE
    if failed.status == _TOO_MANY:
        return True
    # An equal request that is still under way has the key: its answer is what is waited for.
    waiting = failed.code == KeyInUse.code
    return wish.method in _REPEATABLE and (waiting or isinstance(failed, Unavailable))
