"""The HTTP application in process, over a real PostgreSQL, with sister services in memory."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

import attrs
import httpx
from starlette.types import ASGIApp

from parts import parts_on
from sale_adapters.memory import MemoryPolicies, MemoryTokens
from sale_adapters.postgres import Database
from sale_adapters.system import SystemClock
from sale_adapters.web import create_app
from sale_adapters.web.metrics import Metrics
from sale_adapters.wire.tracing import Tracer
from sale_domain.ports.runtime import Clock
from sale_domain.sale import Sale
from sale_domain.use_cases.parts import Parts


@asynccontextmanager
async def served(
    database_url: str,
    *,
    connections: int = 4,
    clock: Clock | None = None,
    tracer: Tracer | None = None,
    instead: Callable[[Parts], Parts] = lambda parts: parts,
) -> AsyncGenerator[httpx.AsyncClient]:
    """Serve a migrated database to Lan of merchant-1 (Minh and Hoa of merchant-2); every use is a new service.

    `instead` returns other parts in the place of some.
    """
    async with Database(database_url, connections=connections) as database:
        app = applied(database, clock=clock, tracer=tracer, instead=instead)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"authorization": "Bearer lan", "x-merchant-id": "merchant-1"}
        base = "http://sale/v1/api/sale"
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers, timeout=60) as client:
            yield client


def applied(
    database: Database,
    *,
    clock: Clock | None = None,
    tracer: Tracer | None = None,
    metrics: Metrics | None = None,
    instead: Callable[[Parts], Parts] = lambda parts: parts,
) -> ASGIApp:
    """Return the application that `served` serves."""
    tokens, policies = MemoryTokens(), MemoryPolicies()
    tokens.issue("lan", user_id="lan", roles=("cashier",), merchants=("merchant-1",))
    for other in ("minh", "hoa"):
        tokens.issue(other, user_id=f"user-{other}", roles=("cashier",), merchants=("merchant-2",))
    policies.allow("cashier")

    async def readiness() -> Mapping[str, str | None]:
        return {}

    parts = attrs.evolve(parts_on(database), tokens=tokens, policies=policies, clock=clock or SystemClock())
    return create_app(Sale(instead(parts)), readiness=readiness, tracer=tracer, metrics=metrics)
