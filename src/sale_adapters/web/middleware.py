"""Around every request: its names, its count, its line in the log, and what happens when there is a bug."""

import logging
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sale_adapters.web.metrics import Metrics, count
from sale_adapters.web.replies import refusal, response
from sale_adapters.wire.problems import BUG
from sale_adapters.wire.tracing import REQUEST_ID, TRACEPARENT

_ACCESS = logging.getLogger("sale.access")
_BUGS = logging.getLogger("sale.bugs")

_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_CLIENT_GONE = 499


class RequestScope:
    """Give every request an id and a trace, count it, log it (never headers, query or body), turn bugs into a 500.

    A WebSocket gets its names only: the stream counts by itself.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        """Wrap an application."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        with _named(Headers(scope=scope)) as request_id:
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
                return
            await self._followed(scope, receive, send, request_id)

    async def _followed(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, status = time.perf_counter(), 0

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, told)
        except ClientDisconnect:
            status = _CLIENT_GONE
        except Exception:
            _BUGS.exception("bug in %s %s", scope["method"], quote(scope["path"]), extra={"request_id": request_id})
            if status:
                raise
            await response(refusal(BUG))(scope, receive, told)
        finally:
            seconds = time.perf_counter() - started
            count(self._metrics, scope, status=status, seconds=seconds)
            _log(scope, status=status, seconds=seconds, request_id=request_id)


@contextmanager
def _named(headers: Headers) -> Iterator[str]:
    """Take the request's names, or make them, for as long as it lasts."""
    request_id = headers.get("x-request-id", "")
    if not _SANE_ID.fullmatch(request_id):
        request_id = secrets.token_hex(16)
    traceparent = headers.get("traceparent", "")
    if not _TRACEPARENT.fullmatch(traceparent):
        traceparent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    request_token, trace_token = REQUEST_ID.set(request_id), TRACEPARENT.set(traceparent)
    try:
        yield request_id
    finally:
        REQUEST_ID.reset(request_token)
        TRACEPARENT.reset(trace_token)


def _log(scope: Scope, *, status: int, seconds: float, request_id: str) -> None:
    caller = scope.get("sale.caller")
    facts = {
        "method": scope["method"],
        "path": quote(scope["path"]),
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "request_id": request_id,
        "merchant_id": caller.merchant_id if caller else None,
        "user_id": caller.user_id if caller else None,
    }
    line = " ".join(f"{name}={value}" for name, value in facts.items() if value is not None)
    _ACCESS.info(line, extra=facts)
