"""The stores that the contract suites of `Orders`, `Answers` and `Inbox` run on."""

from collections.abc import AsyncGenerator

import pytest

import stores as world


@pytest.fixture(params=["memory", "postgres"])
def tables_or_none(request: pytest.FixtureRequest) -> str | None:
    """Return where a store's tables are, if it has any."""
    # A server is started outside of the test's event loop, so it is asked for in a fixture that is not asynchronous.
    url: str = request.getfixturevalue("tables_url") if request.param == "postgres" else ""
    return url or None


@pytest.fixture
async def stores(tables_or_none: str | None) -> AsyncGenerator[world.Stores]:
    """Yield every store in turn."""
    async with world.postgres_stores(tables_or_none) if tables_or_none else world.memory_stores() as found:
        yield found
