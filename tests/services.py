"""Real services for the tests: started when first asked for, on free ports, and gone afterwards."""

import asyncio
import tempfile
import uuid
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from sale_adapters.embedded import EmbeddedKafka, EmbeddedPostgres, EmbeddedRedis, Part

PartType = TypeVar("PartType", bound=Part)


@contextmanager
def running(make: Callable[[Path], PartType]) -> Iterator[PartType]:
    """Run the part that `make` builds for a new data directory; end with neither part nor directory left."""
    with tempfile.TemporaryDirectory(prefix="sale-tests-") as directory:
        part = make(Path(directory))
        _run(part.start())
        try:
            yield part
        finally:
            _run(part.stop())


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL server and yield the URL of its database `sale`."""
    with running(lambda home: EmbeddedPostgres(data_dir=home, durable=False)) as part:
        yield part.url


@contextmanager
def redis() -> Iterator[str]:
    """Run a Redis server and yield its URL."""
    with running(lambda home: EmbeddedRedis(data_dir=home)) as part:
        yield part.url


@contextmanager
def kafka() -> Iterator[str]:
    """Run a Kafka broker and yield its host:port; the first time on a machine it is fetched."""
    with running(lambda home: EmbeddedKafka(data_dir=home)) as part:
        yield part.bootstrap


@contextmanager
def fresh_database(server_url: str, *, copied: str | None = None) -> Iterator[str]:
    """Make a database, as a copy of another if one is given, yield its URL, and drop it.

    Args:
        server_url: Any database of the server.
        copied: The URL of a database of that server that nobody is connected to.
    """
    name = f"sale_{uuid.uuid4().hex}"
    template = sql.SQL(" TEMPLATE {}").format(sql.Identifier(urlsplit(copied).path[1:])) if copied else sql.SQL("")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + template)
    yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _run(work: Coroutine[None, None, None]) -> None:
    # A loop of our own that never becomes the current one, which belongs to the tests; and the main thread,
    # because the leash of a child is tied to the thread that starts it.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()
