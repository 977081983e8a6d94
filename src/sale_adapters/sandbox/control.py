"""Faults on demand: slow, failing, down or garbled sisters, and a record of what each was asked."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import attrs
import httpx
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sale_adapters.sandbox.answers import ExactJson, Refused, checked_money, from_json, problem, read

Clock = Callable[[], datetime]
Sleep = Callable[[float], Awaitable[None]]

LONGEST_LOG = 1_000
LONGEST_BODY = 16_384


class Faults(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Say how a sister misbehaves; the body of ``PUT /control/{sister}``, and each PUT replaces the last.

    ``failStatus`` without ``failNext`` fails every request. ``garbage`` is text that is no JSON;
    ``"shape"`` is JSON that is not what was asked for.
    """

    latency_ms: Annotated[float, msgspec.Meta(ge=0, le=600_000)] = 0
    fail_next: Annotated[int, msgspec.Meta(ge=0)] | None = None
    fail_status: Annotated[int, msgspec.Meta(ge=400, le=599)] | None = None
    down: bool = False
    garbage: bool | Literal["text", "shape"] = False


class PricingFaults(Faults, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Say besides what pricing charges: prices of items in any currency, and percentages on every line."""

    prices: dict[str, Decimal] = {}
    discount_percent: Decimal = Decimal(0)
    tax_percent: Decimal = Decimal(0)


class Down(httpx.ReadError):
    """End a request without an answer, the way an HTTP client tells it when it runs in this process."""


@attrs.frozen(kw_only=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    at: datetime

    def shown(self) -> Mapping[str, object]:
        """Return the contracted form: the body as JSON if it is JSON, null if empty, else as text."""
        return {
            "method": self.method,
            "path": self.path,
            "headers": {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers},
            "body": _shown_body(self.body),
            "at": self.at,
        }


class Sister:
    """One sister's present faults and the requests it saw (the last 1 000)."""

    def __init__(self, name: str, calm: Faults) -> None:
        self.name = name
        self.seen: deque[Seen] = deque(maxlen=LONGEST_LOG)
        self._calm = calm
        self.behave(calm)

    def behave(self, faults: Faults) -> None:
        """Replace the faults, and count ``failNext`` from now on."""
        self.faults = faults
        self.fails_left = faults.fail_next

    def reset(self) -> None:
        """Forget the faults and the requests."""
        self.behave(self._calm)
        self.seen.clear()

    @property
    def shape(self) -> type[Faults]:
        """The body that ``PUT /control/{sister}`` takes for this sister."""
        return type(self._calm)

    def fault(self) -> Response | None:
        """Return what a misbehaving sister answers to the next request, or None when it behaves."""
        if self._fails():
            status = self.faults.fail_status or 503
            return problem(status, "told-to-fail", f"the sandbox was told that {self.name} fails")
        if self.faults.garbage == "shape":
            return ExactJson(["this", "is", "not", "what", "you", "asked", "for"])
        return Response("<html>no JSON here", media_type="text/html") if self.faults.garbage else None

    def _fails(self) -> bool:
        if self.fails_left is None:
            return self.faults.fail_status is not None
        self.fails_left = max(self.fails_left, 0) - 1
        return self.fails_left >= 0


class Watched:
    """ASGI middleware that records each request of a sister and lets it misbehave as told.

    Paths that begin with ``/dev-`` are the tester's own door: recorded, but never at fault.
    """

    def __init__(self, app: ASGIApp, *, sister: Sister, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self.app = app
        self.sister = sister
        self.clock = clock
        self.sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record the request, then delay it, cut it off, fail it or pass it on."""
        body = await Request(scope, receive).body()
        self.sister.seen.append(_seen(scope, body, self.clock()))
        passed_on = _replaying(body, receive)
        if scope["path"].removeprefix(scope["root_path"]).startswith("/dev-"):
            return await self.app(scope, passed_on, send)
        if self.sister.faults.latency_ms:
            await self.sleep(self.sister.faults.latency_ms / 1_000)
        if self.sister.faults.down:
            await _cut_off(send, self.sister.name)
        answer = self.sister.fault()
        return await (answer or self.app)(scope, passed_on, send)


async def _cut_off(send: Send, name: str) -> None:
    # ASGI can't close a connection that has no answer yet: a server sends a 500 of its own. An answer that is begun
    # and never completed is closed by uvicorn, and its client sees a transport error, as with a peer that died.
    # In process (httpx.ASGITransport) there is no connection, and the exception itself reaches the client.
    await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"1")]})
    raise Down(f"{name} is down")


def _seen(scope: Scope, body: bytes, at: datetime) -> Seen:
    query = scope["query_string"].decode("latin-1")
    path = scope["path"] + ("?" + query if query else "")
    return Seen(method=scope["method"], path=path, headers=scope["headers"], body=body[:LONGEST_BODY], at=at)


def _replaying(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _shown_body(body: bytes) -> object:
    if not body:
        return None
    try:
        return from_json(body)
    except ValueError:
        return body.decode("utf-8", errors="replace")


def control_routes(sisters: Mapping[str, Sister]) -> list[Route]:
    """Build ``PUT /{sister}``, ``GET /{sister}/requests`` and ``DELETE /`` (contract §11)."""

    def named(request: Request) -> Sister:
        name = request.path_params["sister"]
        if name not in sisters:
            raise Refused(404, "unknown-sister", f"{name!r} is none of {', '.join(sisters)}")
        return sisters[name]

    async def put(request: Request) -> Response:
        sister = named(request)
        faults = await read(request, sister.shape)
        if isinstance(faults, PricingFaults):
            _check_pricing(faults)
        sister.behave(faults)
        return ExactJson(faults)

    async def requests(request: Request) -> Response:
        return ExactJson([seen.shown() for seen in named(request).seen])

    async def reset(_: Request) -> Response:
        for sister in sisters.values():
            sister.reset()
        return Response(status_code=204)

    return [
        Route("/control/{sister}", put, methods=["PUT"]),
        Route("/control/{sister}/requests", requests, methods=["GET"]),
        Route("/control", reset, methods=["DELETE"]),
    ]


def _check_pricing(faults: PricingFaults) -> None:
    for item_id, price in faults.prices.items():
        checked_money(price, f"prices.{item_id}")
    checked_money(faults.tax_percent, "taxPercent")
    if checked_money(faults.discount_percent, "discountPercent") > 100:  # noqa: PLR2004 - the most of a percentage
        raise Refused(422, "bad-amount", "discountPercent must be at most 100")
