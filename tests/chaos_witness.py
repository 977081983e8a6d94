"""A witness on the road from mq-pay to Sale: it knows what was told, and what Sale has said to it.

mq-pay's sandbox keeps nothing, so that an event dies with it. The witness keeps every event that has passed, and tells
again what was never answered well, as a mq-pay with a memory does when it comes back (C17).
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import attrs
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sale_adapters.wire import json

_PATIENCE_SECONDS = 120.0
_SUCCESS, _SETTLED = "mq-pay:attempt.success", "mq-pay:transaction.settled"


@attrs.define(kw_only=True)
class Told:
    """One event of mq-pay's, and every answer that it got; None for a connection that broke."""

    event_type: str
    body: bytes
    answers: list[int | None] = attrs.field(factory=list)
    payload: Any = attrs.field(init=False)
    transaction: Any = attrs.field(init=False)
    attempt: Any = attrs.field(init=False)
    order_id: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Read what the event says."""
        form: Any = json.read(self.body)
        self.payload = form["payload"]
        self.transaction = self.payload.get("transaction") or {}
        self.attempt = self.payload.get("attempt") or {}
        source = (self.attempt.get("metadata") or {}).get("source") or {}
        self.order_id = str(self.transaction.get("sourceId") or source["id"])

    @property
    def is_accepted(self) -> bool:
        """Say whether Sale has taken the event at least once."""
        return any(answer is not None and 200 <= answer < 300 for answer in self.answers)


@attrs.define(kw_only=True)
class Witness:
    """Passes webhooks on, and remembers them."""

    port: int
    webhook: Callable[[], str]
    client: httpx.AsyncClient
    events: dict[bytes, Told] = attrs.field(factory=dict)

    @property
    def url(self) -> str:
        """Return where mq-pay shall deliver."""
        return f"http://127.0.0.1:{self.port}/"

    async def take(self, request: Request) -> Response:
        """Pass one webhook on; a broken connection is a 502, which mq-pay tries again."""
        body = await request.body()
        told = self.events.setdefault(body, Told(event_type=request.headers["x-webhook-event-type"], body=body))
        answer = await self._pass_on(told)
        if answer is None:
            return Response(status_code=502)
        kept = {name: answer.headers[name] for name in ("content-type", "retry-after") if name in answer.headers}
        return Response(answer.content, status_code=answer.status_code, headers=kept)

    async def tell_again(self) -> int:
        """Tell what was never answered well until it is; return how many events that were."""
        forgotten = [told for told in self.events.values() if not told.is_accepted]
        async with asyncio.timeout(_PATIENCE_SECONDS):
            for told in forgotten:
                while not told.is_accepted:
                    await self._pass_on(told)
                    await asyncio.sleep(0.02)
        return len(forgotten)

    def expected(self) -> Mapping[str, Decimal]:
        """Return what each order must have received, by sums of the witness's own."""
        attempts: defaultdict[str, defaultdict[str, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
        settled: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
        for told in self.events.values():
            transaction = str(told.transaction.get("uid", ""))
            if told.event_type == _SUCCESS:
                attempts[told.order_id][transaction][told.attempt["uid"]] = Decimal(told.attempt["amount"])
            elif told.event_type == _SETTLED:
                paid = settled[told.order_id]
                paid[transaction] = max(paid.get(transaction, Decimal(0)), Decimal(told.transaction["paid"]))
        return {order: _received(attempts[order], settled[order]) for order in attempts.keys() | settled.keys()}

    def parked(self) -> Counter[tuple[str, str | None, str | None, Decimal]]:
        """Return the payments of checks, which must wait: source, attempt, transaction and amount, each once."""
        return Counter(
            {
                (
                    told.order_id,
                    told.attempt.get("uid"),
                    told.transaction["uid"],
                    Decimal(told.attempt["amount"] if told.event_type == _SUCCESS else told.transaction["paid"]),
                )
                for told in self.events.values()
                if told.transaction.get("sourceType") == "SaleCheck"
            }
        )

    def attempts(self) -> Mapping[str, set[str]]:
        """Return the uids of each order's successful attempts."""
        told: dict[str, set[str]] = {}
        for event in self.events.values():
            if event.event_type == _SUCCESS:
                told.setdefault(event.order_id, set()).add(str(event.attempt["uid"]))
        return told

    async def _pass_on(self, told: Told) -> httpx.Response | None:
        headers = {"content-type": "application/json", "x-webhook-event-type": told.event_type}
        try:
            answer = await self.client.post(self.webhook(), content=told.body, headers=headers)
        except httpx.TransportError:
            told.answers.append(None)
            return None
        told.answers.append(answer.status_code)
        return answer


def _received(attempts: Mapping[str, Mapping[str, Decimal]], settled: Mapping[str, Decimal]) -> Decimal:
    """Count each unit once: what names no transaction may be what a settled one lacks (contract §6)."""
    sums = {uid: sum(parts.values(), start=Decimal(0)) for uid, parts in attempts.items()}
    alone = sums.pop("", Decimal(0))
    linked = lacking = Decimal(0)
    for uid in sums.keys() | settled.keys():
        known, paid = sums.get(uid, Decimal(0)), settled.get(uid, Decimal(0))
        linked += max(known, paid)
        lacking += max(Decimal(0), paid - known)
    return linked + max(Decimal(0), alone - lacking)


@asynccontextmanager
async def witness(*, port: int, webhook: Callable[[], str]) -> AsyncIterator[Witness]:
    """Stand on the road, at a port, for as long as the block lasts."""
    async with httpx.AsyncClient(timeout=9.0, trust_env=False) as client:
        standing = Witness(port=port, webhook=webhook, client=client)
        app = Starlette(routes=[Route("/", standing.take, methods=["POST"])])
        serving = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)
        )
        task = asyncio.create_task(serving.serve())
        try:
            yield standing
        finally:
            serving.should_exit = True
            await task
