"""Fixtures that every test may ask for; what no test asks for is never started."""

from collections.abc import Iterator

import pytest

import services


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
def database_template() -> str | None:
    """Return the database that `database_url` copies; a folder's conftest.py may name one with tables in it."""
    return None


@pytest.fixture(scope="module")
def database_url(postgres_url: str, database_template: str | None) -> Iterator[str]:
    """Yield the URL of a database that this test module has to itself."""
    with services.fresh_database(postgres_url, template=database_template) as url:
        yield url
