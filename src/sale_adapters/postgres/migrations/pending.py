"""Which revisions a database still lacks."""

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine


def pending(database_url: str) -> tuple[str, ...]:
    """Return the revisions that the database lacks, oldest first; none when it is up to date, or newer than we are.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database is away.
    """
    url = database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return lacking(connection)


def lacking(connection: Connection) -> tuple[str, ...]:
    """Return what `pending` does, of a connection's database.

    A revision that we do not know was made by a newer Sale, which has begun with all of ours. Old code meets it when
    the next one is rolled out, and when that is taken back (docs/how-to/upgrade.md).
    """
    config = Config()
    config.set_main_option("script_location", "sale_adapters.postgres:migrations")
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_heads()
    known = {revision.revision for revision in scripts.walk_revisions()}
    if not known.issuperset(current):
        return ()
    missing = scripts.iterate_revisions("heads", current or "base")
    return tuple(revision.revision for revision in reversed(list(missing)))
