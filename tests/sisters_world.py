"""Sale's own clients in front of a sandbox in process, on one clock that only the test moves."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import attrs
import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette

from sale_adapters.sandbox import create_sandbox
from sale_adapters.sisters.breaker import Breaker
from sale_adapters.sisters.commerce import CommerceCatalog
from sale_adapters.sisters.identity import JwksTokenVerifier, TokenRules
from sale_adapters.sisters.keys import SigningKeys
from sale_adapters.sisters.policies import HttpPolicies
from sale_adapters.sisters.pricing import HttpPricing
from sale_adapters.sisters.tokens import ServiceTokens
from sale_adapters.sisters.transport import Token, Transport
from sale_adapters.wire.retries import Retries
from sale_adapters.wire.tracing import passed_on
from sandbox_world import SandboxWorld

KEY = ec.generate_private_key(ec.SECP256R1())
RULES = TokenRules(issuer="https://identity.sandbox", audience="sale")

Handler = Callable[[httpx.Request], httpx.Response]


async def _nobody(_: str | None) -> str:
    return ""


@attrs.define(kw_only=True, slots=False)
class SistersWorld:
    """A sandbox, and everything of Sale's that calls it."""

    app: Starlette
    box: SandboxWorld

    def __attrs_post_init__(self) -> None:
        self.tokens = ServiceTokens(
            transport=self.transport("identity"),
            client_id="sale",
            client_secret="sandbox-secret",
            monotonic=self.monotonic,
        )
        self.catalog = CommerceCatalog(
            transport=self.transport("commerce", self.tokens.token), monotonic=self.monotonic
        )
        self.pricing = HttpPricing(transport=self.transport("pricing", self.tokens.token))
        self.policies = HttpPolicies(transport=self.transport("identity", self.tokens.token))
        keys = SigningKeys(transport=self.transport("identity"), monotonic=self.monotonic)
        self.verifier = JwksTokenVerifier(keys=keys, rules=RULES, clock=self)

    def now(self) -> datetime:
        return self.box.now

    def monotonic(self) -> float:
        return self.box.now.timestamp()

    def transport(self, sister: str, token: Token = _nobody, client: httpx.AsyncClient | None = None) -> Transport:
        """Return a transport to a sister, in process unless told otherwise; its pauses pass at once."""
        in_process = httpx.ASGITransport(app=self.app)
        return Transport(
            sister=sister,
            client=client or httpx.AsyncClient(base_url=f"http://sandbox/{sister}", transport=in_process),
            token=token,
            passed_on=passed_on,
            monotonic=self.monotonic,
            sleep=self.box.wait,
        )

    async def control(self, sister: str, **faults: object) -> None:
        """Make a sister sick; without faults make it well."""
        (await self.box.http.put(f"/control/{sister}", json=faults)).raise_for_status()

    async def seen(self, sister: str) -> list[dict[str, Any]]:
        """Return every request that a sister has seen."""
        requests: list[dict[str, Any]] = (await self.box.http.get(f"/control/{sister}/requests")).json()
        return requests

    async def issue(self, **claims: object) -> str:
        """Return a token of a user."""
        answer = await self.box.http.post("/identity/dev-token", json=claims)
        return str(answer.json()["access_token"])

    async def allow(self, *policies: dict[str, str | None]) -> None:
        """Replace what identity says of the roles that are named."""
        (await self.box.http.put("/identity/dev-policies", json=policies)).raise_for_status()


@asynccontextmanager
async def sisters_world(key: ec.EllipticCurvePrivateKey = KEY) -> AsyncIterator[SistersWorld]:
    """Yield a world with all sisters well."""
    box = SandboxWorld()
    app = create_sandbox(webhook=box.deliver, key=key, clock=lambda: box.now, sleep=box.wait)
    async with httpx.AsyncClient(base_url="http://sandbox", transport=httpx.ASGITransport(app=app)) as box.http:
        yield SistersWorld(app=app, box=box)


@attrs.define(kw_only=True)
class ScriptedSister:
    """A sister that answers as told; calls are tried once unless told otherwise, on a clock that stands still."""

    name: str
    answer: Handler
    seen: list[httpx.Request] = attrs.Factory(list)
    now: float = 1000.0
    retries: int = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return self.answer(request)

    def transport(self, token: Token = _nobody) -> Transport:
        return Transport(
            sister=self.name,
            client=httpx.AsyncClient(base_url=f"http://{self.name}", transport=httpx.MockTransport(self.handle)),
            token=token,
            retries=Retries(count=self.retries, jitter=lambda _: 0.0),
            breaker=Breaker(monotonic=self.monotonic, failures=1_000_000),
            monotonic=self.monotonic,
        )

    def monotonic(self) -> float:
        return self.now


def gone(_: httpx.Request) -> httpx.Response:
    """Answer as a sister that is down."""
    raise httpx.ConnectError("gone")
