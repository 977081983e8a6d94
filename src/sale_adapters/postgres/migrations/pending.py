"""Which revisions a database still lacks."""

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine


def pending(database_url: str) -> tuple[str, ...]:
    """Return the revisions that the database lacks, oldest first; none when it is up to date.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database is away.
    """
    config = Config()
    config.set_main_option("script_location", "sale_adapters.postgres:migrations")
    scripts = ScriptDirectory.from_config(config)
    url = database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
    missing = scripts.iterate_revisions("heads", current or "base")
    return tuple(revision.revision for revision in reversed(list(missing)))
