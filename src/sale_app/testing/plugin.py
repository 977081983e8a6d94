"""Fixtures: `sale` and what speaks to it (`sale_client`, `sale_http`, …); every test has a Sale of its own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from sale_adapters.client import SaleClient
    from sale_adapters.memory import CapturedEvents
    from sale_app.in_memory import InMemorySale
    from sale_app.testing.payments import Pay

BASE_URL = "http://sale/v1/api/sale"
"""Where the clients are; paths such as `/sale-orders` come behind it."""

SIGNED_IN: Mapping[str, str] = {"authorization": "Bearer sale-test", "x-merchant-id": "merchant-1"}
"""Headers of a user who may do everything at merchant-1, whose sale channel is `channel-vnd`."""


@pytest.fixture
def sale() -> "InMemorySale":
    """Return a whole Sale in memory, with the demo's catalogue: see `InMemorySale` for what can be taken hold of."""
    try:
        from sale_app.in_memory import compose_in_memory  # noqa: PLC0415 - nobody pays for it who does not ask
    except ModuleNotFoundError as missing:
        pytest.fail(f"This fixture needs {missing.name}: pip install 'sale[testing]'")
    shop = compose_in_memory()
    shop.tokens.issue("sale-test", user_id="sale-test", roles=("admin",), merchants=("merchant-1",))
    return shop


@pytest.fixture
def sale_client(sale: "InMemorySale") -> "SaleClient":
    """Return the typed client, signed in; it tries again as it always does, but without waiting."""
    import httpx  # noqa: PLC0415 - as above

    from sale_adapters.client import SaleClient  # noqa: PLC0415 - as above

    async def at_once(_: float) -> None: ...

    transport = httpx.ASGITransport(app=sale.asgi(), raise_app_exceptions=False)
    return SaleClient(BASE_URL, token="sale-test", merchant_id="merchant-1", transport=transport, sleep=at_once)  # noqa: S106 - of a test


@pytest.fixture
def sale_http(sale: "InMemorySale") -> "httpx.AsyncClient":
    """Return an async client of Sale's HTTP API, signed in; nothing leaves the process."""
    import httpx  # noqa: PLC0415 - as above

    transport = httpx.ASGITransport(app=sale.asgi(), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=dict(SIGNED_IN))


@pytest.fixture
def sale_http_sync(sale: "InMemorySale") -> "httpx.Client":
    """Return the same for tests that are not async."""
    import httpx  # noqa: PLC0415 - as above

    from sale_app.testing.transport import InProcess  # noqa: PLC0415 - as above

    return httpx.Client(transport=InProcess(sale.asgi()), base_url=BASE_URL, headers=dict(SIGNED_IN))


@pytest.fixture
def sale_events(sale: "InMemorySale") -> "CapturedEvents":
    """Return what Kafka is told, as it happens: a sequence of events, with `of(kind)` and `records()`."""
    return sale.events


@pytest.fixture
def sale_pay(sale: "InMemorySale") -> "Pay":
    """Play mq-pay: await it with an order's id and an amount; the answer is the webhook's outcome."""
    from sale_app.testing.payments import paying  # noqa: PLC0415 - as above

    return paying(sale)
