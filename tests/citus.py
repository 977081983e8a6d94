"""Databases of a Citus cluster that somebody else runs, for the suites that should hold there too (deploy/citus)."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from sale_adapters.postgres.migrations.run import migrate

SCRIPT = Path(__file__).parents[1] / "deploy" / "citus" / "distribute.sql"

NODES = tuple(os.environ.get("CITUS_NODES", "").split())
"""The URLs of its nodes, the coordinator's first; none: the tests' own PostgreSQL is used."""


def statements() -> list[str]:
    """Return the statements of the script, as psql sends them."""
    lines = (line for line in SCRIPT.read_text().splitlines() if not line.startswith("--"))
    return [statement for part in "\n".join(lines).split(";") if (statement := part.strip())]


def distribute(database_url: str) -> None:
    """Run the script."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in statements():
            connection.execute(statement.encode())


@contextmanager
def fresh_tables() -> Iterator[str]:
    """Make a database on every node, with all tables spread; yield its URL at the coordinator, and drop it."""
    name = f"sale_{uuid.uuid4().hex}"
    urls = [urlsplit(node)._replace(path=f"/{name}").geturl() for node in NODES]
    _on_each(NODES, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        _on_each(urls, sql.SQL("CREATE EXTENSION citus"))
        with psycopg.connect(urls[0], autocommit=True) as coordinator:
            for url in urls:
                add = "SELECT citus_set_coordinator_host(%s, %s)" if url == urls[0] else "SELECT citus_add_node(%s, %s)"
                coordinator.execute(add, (urlsplit(url).hostname, urlsplit(url).port))
        migrate(urls[0])
        distribute(urls[0])
        yield urls[0]
    finally:
        _on_each(NODES, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _on_each(urls: tuple[str, ...] | list[str], statement: sql.Composed | sql.SQL) -> None:
    for url in urls:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
