"""The client against a Sale in memory, and against answers that are put into its mouth."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager

import attrs
import httpx

from sale_adapters.client import Retries, SaleClient, Token
from sale_app.in_memory import InMemorySale, compose_in_memory

AT_ONCE = Retries(count=3, first_seconds=0.0, longest_seconds=0.0)
"""Try again without a pause of one's own."""


def shop_of_lan() -> InMemorySale:
    """Return a Sale in memory where Lan may do everything at merchant-1."""
    shop = compose_in_memory()
    shop.tokens.issue("lan", user_id="lan", roles=("admin",), merchants=("merchant-1",))
    return shop


@asynccontextmanager
async def client_of(
    shop: InMemorySale,
    *,
    through: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda transport: transport,
) -> AsyncGenerator[SaleClient]:
    """Yield Lan's client of a shop in memory; `through` returns what stands between them."""
    transport = through(httpx.ASGITransport(app=shop.asgi(), raise_app_exceptions=False))
    async with SaleClient(
        "http://sale", token="lan", merchant_id="merchant-1", transport=transport, retries=AT_ONCE
    ) as client:
        yield client


@attrs.define(eq=False)
class Losing(httpx.AsyncBaseTransport):
    """A network that loses the first answers: Sale has done what it was asked, and the caller does not hear of it."""

    beyond: httpx.AsyncBaseTransport
    lost: int = 1
    asked: list[httpx.Request] = attrs.field(factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport`."""
        self.asked.append(request)
        answer = await self.beyond.handle_async_request(request)
        if len(self.asked) <= self.lost:
            await answer.aread()
            raise httpx.ReadTimeout("the answer was lost", request=request)
        return answer


@attrs.define(eq=False)
class Mouth:
    """Somebody who answers one thing after the other, and a clock that only his caller's pauses move.

    Attributes:
        says: Answers, and errors of the network; the last one is said for ever.
        asked: Every request.
        pauses: How long the caller has waited each time, in seconds.
    """

    says: list[httpx.Response | Exception]
    asked: list[httpx.Request] = attrs.field(factory=list)
    pauses: list[float] = attrs.field(factory=list)
    now: float = 0.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return said

    async def sleep(self, seconds: float) -> None:
        """Wait without waiting."""
        self.pauses.append(seconds)
        self.now += seconds

    def client(
        self,
        *,
        token: Token = "lan",  # noqa: S107 - of a test
        retries: Retries = AT_ONCE,
        deadline_seconds: float = 30.0,
    ) -> SaleClient:
        """Return a client that talks to this one."""
        return SaleClient(
            "http://sale/v1/api/sale",
            token=token,
            merchant_id="merchant-1",
            transport=httpx.MockTransport(self),
            deadline_seconds=deadline_seconds,
            retries=retries,
            monotonic=lambda: self.now,
            sleep=self.sleep,
        )

    def keys(self) -> Iterator[str | None]:
        """Yield each request's Idempotency-Key."""
        return (request.headers.get("idempotency-key") for request in self.asked)
