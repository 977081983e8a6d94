"""What one request may take, around every operation: its head has a size, and its work an end."""

import asyncio

import attrs
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sale_adapters.web.metrics import note
from sale_adapters.web.replies import refusal, response
from sale_adapters.wire.problems import problem_of
from sale_adapters.wire.refusals import HeadersTooLarge, InvalidInput, TookTooLong, UrlTooLong
from sale_domain.errors import SaleError

MAX_URL = 8 * 1024
"""Bytes of path and query as they came."""

MAX_HEADERS = 16 * 1024
"""Bytes of all names and values of headers together."""

_ONCE = (b"host", b"authorization", b"x-merchant-id", b"if-match")
"""Headers that say one thing: whoever stands between us may go by another one of two than we do."""


@attrs.frozen(kw_only=True)
class Limits:
    """What an operator may set.

    Attributes:
        request_seconds: How long one request may take, its body's arrival included.
        rate_per_second: How many requests a user may make per second; 0 sets no limit.
        rate_burst: How many of them at once after a pause.
    """

    request_seconds: float = 30.0
    rate_per_second: int = 0
    rate_burst: int = 20


class RequestLimits:
    """ASGI middleware: refuse a head that is too large or ambiguous, and give up what takes too long.

    Giving up is safe: a command is one transaction, which has happened or has not, and an equal request with the same
    Idempotency-Key, or mq-pay's next delivery, finds out which. The live stream has limits of its own.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        """Wrap an application."""
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, for a while."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif (wrong := _wrong_head(scope)) is not None:
            await _refuse(wrong, scope, receive, send, last=isinstance(wrong, InvalidInput))
        else:
            await self._timed(scope, receive, send)

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self._app(scope, receive, told)
        except TimeoutError:
            if not limit.expired():
                raise
            if begun:
                # Answers are whole before they begin: it is the client that does not take the rest.
                raise ClientDisconnect from None
            await _refuse(TookTooLong(seconds=self._seconds), scope, receive, send)


async def _refuse(error: SaleError, scope: Scope, receive: Receive, send: Send, *, last: bool = False) -> None:
    """Answer a problem, the last answer on its connection if so."""
    note(scope, error)
    answer = response(refusal(problem_of(error)))
    if last:
        answer.headers["connection"] = "close"
    await answer(scope, receive, send)


def _wrong_head(scope: Scope) -> SaleError | None:
    names = [name for name, _ in scope["headers"]]
    if b"content-length" in names and b"transfer-encoding" in names:
        # Whoever is between us may read another length, and take the rest for another request (RFC 9112, 6.1).
        return InvalidInput.at("/headers/content-length", "must not be there beside Transfer-Encoding")
    for once in _ONCE:
        if names.count(once) > 1:
            return InvalidInput.at(f"/headers/{once.decode()}", "must be there only once")
    if b"host" not in names and scope["http_version"] == "1.1":
        return InvalidInput.at("/headers/host", "is required (RFC 9112, 3.2)")
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_URL:
        return UrlTooLong(limit=MAX_URL)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS:
        return HeadersTooLarge(limit=MAX_HEADERS)
    return None
