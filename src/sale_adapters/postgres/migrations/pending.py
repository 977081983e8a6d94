"""Which revisions a database still lacks, and which of them this code cannot do without."""

from collections.abc import Mapping
from typing import Any

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine

NEEDED = "0015"
"""The oldest tables that the code of today works on, which `tests/adapters/postgres/test_upgrade.py` tries.

Raise it when a statement needs more. What comes after it may be done before or after the rollout.
"""

UNPREPARED: Mapping[str, Any] = {"prepare_threshold": None}
"""Arguments of connections that ask too little to prepare statements, which some poolers lose."""


def pending(database_url: str) -> tuple[str, ...]:
    """Return the revisions that the database lacks, oldest first; none when it is up to date, or newer than we are.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database is away.
    """
    with _connected(database_url) as connection:
        return lacking(connection)


def wanting(database_url: str) -> tuple[str, ...]:
    """Return those of `pending` without which this code does not work (decision 0020).

    Raises:
        sqlalchemy.exc.SQLAlchemyError: as `pending`.
    """
    revisions = pending(database_url)
    return revisions[: revisions.index(NEEDED) + 1] if NEEDED in revisions else ()


def newer(database_url: str) -> str | None:
    """Return the database's revision if a newer Sale has made it; None if it is one of ours.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: as `pending`.
    """
    with _connected(database_url) as connection:
        return ", ".join(sorted(_unknown(connection, _scripts()))) or None


def lacking(connection: Connection) -> tuple[str, ...]:
    """Return what `pending` does, of a connection's database.

    A revision that we do not know was made by a newer Sale, which has begun with all of ours. Old code meets it when
    the next one is rolled out, and when that is taken back (docs/how-to/upgrade.md).
    """
    scripts = _scripts()
    if _unknown(connection, scripts):
        return ()
    missing = scripts.iterate_revisions("heads", _current(connection) or "base")
    return tuple(revision.revision for revision in reversed(list(missing)))


def _unknown(connection: Connection, scripts: ScriptDirectory) -> set[str]:
    return set(_current(connection)) - {revision.revision for revision in scripts.walk_revisions()}


def _current(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection).get_current_heads()


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "sale_adapters.postgres:migrations")
    return ScriptDirectory.from_config(config)


def _connected(database_url: str) -> Connection:
    url = database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    return create_engine(url, poolclass=NullPool, connect_args=UNPREPARED).connect()
