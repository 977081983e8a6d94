"""Around every request: its names, its count, its span, its line in the log, and what happens when there is a bug."""

import logging
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from urllib.parse import quote

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sale_adapters.web.metrics import CODE, OPERATION, WHY, Metrics, count
from sale_adapters.web.replies import refusal, response
from sale_adapters.wire.places import BASE
from sale_adapters.wire.problems import BUG
from sale_adapters.wire.tracing import REQUEST_ID, SUBJECT, TRACEPARENT, TRACER, Kind, Subject, Tracer

_ACCESS = logging.getLogger("sale.access")
_BUGS = logging.getLogger("sale.bugs")

_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_CLIENT_GONE = 499
_SERVER_ERROR, _UNAVAILABLE = 500, 503
_LONGEST_PATH = 200
_OF_OPERATORS = frozenset({f"{BASE}/healthz", f"{BASE}/readyz", f"{BASE}/metrics"})
"""What is asked every few seconds: only a bad answer is worth a line or a span."""


class RequestScope:
    """Give every request an id and a trace, count it, log it (never headers, query or body), turn bugs into a 500.

    A WebSocket gets its names only: the stream counts by itself.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, tracer: Tracer | None = None) -> None:
        """Wrap an application; without a tracer, traces are passed on and nobody follows them."""
        self._app = app
        self._metrics = metrics
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        tracer = None if scope["type"] == "websocket" or scope["path"] in _OF_OPERATORS else self._tracer
        # The first of two counts: a proxy puts its own before what a caller says.
        with _named(dict(reversed(scope["headers"])), tracer) as request_id:
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
                return
            with tracer.step(scope["method"], Kind.SERVER, {}) if tracer else nullcontext():
                await self._followed(scope, receive, send, request_id)

    async def _followed(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, status = time.perf_counter(), 0

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers: list[tuple[bytes, bytes]] = message["headers"]
                headers.append((b"x-request-id", request_id.encode()))
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
            await send(message)

        try:
            await self._app(scope, receive, told)
        except ClientDisconnect:
            status = _CLIENT_GONE
        except Exception:
            _BUGS.exception("bug", extra={"method": scope["method"], "route": _route(scope)})
            if status:
                raise
            await response(refusal(BUG))(scope, receive, told)
        finally:
            seconds = time.perf_counter() - started
            count(self._metrics, scope, status=status, seconds=seconds)
            _log(scope, status=status, seconds=seconds)
            if tracer := TRACER.get():
                _trace(tracer, scope, status=status)


@contextmanager
def _named(headers: Mapping[bytes, bytes], tracer: Tracer | None) -> Iterator[str]:
    """Take the request's names, or make them, for as long as it lasts."""
    request_id = headers.get(b"x-request-id", b"").decode("latin-1")
    if not _SANE_ID.fullmatch(request_id):
        request_id = secrets.token_hex(16)
    traceparent: str | None = headers.get(b"traceparent", b"").decode("latin-1")
    if not _TRACEPARENT.fullmatch(traceparent or ""):
        # A tracer begins a trace of its own; without one it is a name to find things by, which nobody has sampled.
        traceparent = None if tracer else f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    request_token, trace_token = REQUEST_ID.set(request_id), TRACEPARENT.set(traceparent)
    subject_token, tracer_token = SUBJECT.set(Subject()), TRACER.set(tracer)
    try:
        yield request_id
    finally:
        TRACER.reset(tracer_token)
        SUBJECT.reset(subject_token)
        TRACEPARENT.reset(trace_token)
        REQUEST_ID.reset(request_token)


def _route(scope: Scope) -> str | None:
    operation = scope.get(OPERATION)
    return f"{BASE}{operation.path}" if operation else None


def _log(scope: Scope, *, status: int, seconds: float) -> None:
    level = _level(status)
    if scope["path"] in _OF_OPERATORS and level == logging.INFO:
        level = logging.DEBUG
    if not _ACCESS.isEnabledFor(level):
        return
    route = _route(scope)
    facts = {
        "method": scope["method"],
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "code": scope.get(CODE),
        "why": scope.get(WHY),
    }
    if route is None:
        facts["path"] = quote(scope["path"])[:_LONGEST_PATH]
    _ACCESS.log(level, "request", extra=facts)


def _level(status: int) -> int:
    """Return how loud an answer is: what a neighbour's absence did is no bug of ours, what a caller did no matter."""
    if status < _SERVER_ERROR:
        return logging.INFO
    return logging.WARNING if status == _UNAVAILABLE else logging.ERROR


def _trace(tracer: Tracer, scope: Scope, *, status: int) -> None:
    route = _route(scope)
    facts: dict[str, str | int] = {"http.request.method": scope["method"], "http.response.status_code": status}
    if route is not None:
        facts["http.route"] = route
    if (request_id := REQUEST_ID.get()) is not None:
        facts["sale.request_id"] = request_id
    if CODE in scope:
        facts["sale.code"] = scope[CODE]
    tracer.told(f"{scope['method']} {route}" if route else None, facts, failed=status >= _SERVER_ERROR)
