"""Fixtures that every test may ask for; what no test asks for is never started."""

from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

import citus
import services
from sale_adapters.postgres.migrations.run import migrate

# No test is gated on absolute time: what hangs meets its time-out, what is slow on a busy machine is no failure.
settings.register_profile("sale", deadline=None)
# For mutation testing: a mutant that thirty examples do not find is better killed by a test that says what is wrong.
settings.register_profile(
    "mutants", deadline=None, max_examples=30, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("sale")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is marked as long first."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the URL of a PostgreSQL server (its database `sale`); tests that write want `database_url`."""
    with services.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Yield the URL of a Redis server."""
    with services.redis() as url:
        yield url


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """Yield host:port of an Apache Kafka broker."""
    with services.kafka() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def migrated_url(postgres_url: str) -> Iterator[str]:
    """Yield a database with all tables and nothing in them, made once to be copied."""
    with services.fresh_database(postgres_url) as url:
        migrate(url)
        yield url


@pytest.fixture(scope="module")
def database_url(postgres_url: str) -> Iterator[str]:
    """Yield the URL of an empty database that this test module has to itself."""
    with services.fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def tables_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a database with all tables in it that this test module has to itself.

    With `CITUS_NODES` it is a cluster's (deploy/citus).
    """
    if citus.NODES:
        with citus.fresh_tables() as url:
            yield url
        return
    server, migrated = map(request.getfixturevalue, ("postgres_url", "migrated_url"))
    with services.fresh_database(server, copied=migrated) as url:
        yield url
