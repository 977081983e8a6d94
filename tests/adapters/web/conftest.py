"""A shop in memory behind HTTP, and a cashier who may do everything in it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from sale_adapters.web import create_app
from sale_app.composition import InMemorySale, compose_in_memory


@pytest.fixture
def shop() -> InMemorySale:
    """Return the whole service in memory; Lan works for merchant-1, Minh for merchant-2."""
    shop = compose_in_memory()
    shop.tokens.issue("lan", user_id="user-lan", roles=("cashier",), merchants=("merchant-1",))
    shop.tokens.issue("minh", user_id="user-minh", roles=("cashier",), merchants=("merchant-2",))
    shop.policies.allow("cashier")
    return shop


@pytest.fixture
def missing_parts() -> dict[str, str | None]:
    """Return what /readyz is told of the parts; a test may change it."""
    return {"database": None, "identity": None}


@pytest.fixture
async def client(shop: InMemorySale, missing_parts: dict[str, str | None]) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client below the base path; it speaks for Lan unless told otherwise."""

    async def readiness() -> Mapping[str, str | None]:
        return missing_parts

    app = create_app(shop.sale, readiness=readiness, metrics=shop.metrics)
    transport: Any = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"authorization": "Bearer lan", "x-merchant-id": "merchant-1"}
    async with httpx.AsyncClient(transport=transport, base_url="http://sale/v1/api/sale", headers=headers) as client:
        yield client
