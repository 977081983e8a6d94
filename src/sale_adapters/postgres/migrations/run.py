"""Bring a database to the newest revision; any number of processes may ask for it at once."""

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, create_engine, event

from sale_adapters.postgres.migrations.pending import UNPREPARED, lacking

LOCK = 7_253_000_001
"""The advisory lock that one migration at a time holds; the figure means nothing."""

_ENDS_SILENCE = ("idle_in_transaction_session_timeout", "transaction_timeout")


def migrate(database_url: str, *, to: str = "head") -> None:
    """Bring the database to the newest revision, or do nothing if it is there already, or further than we know.

    Whoever comes second waits for the first. Through the coordinator, where there is one (architecture §7).

    Args:
        database_url: Where; as the tables' owner.
        to: A revision to stop at, to see what an older release has seen.

    Raises:
        psycopg.Error, sqlalchemy.exc.SQLAlchemyError: the database is away or refused a step; a step is done or not.
    """
    plain = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    engine = create_engine(
        plain.replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=NullPool,
        connect_args=UNPREPARED,
    )
    event.listen(engine, "begin", _bounded)
    config = Config()
    config.set_main_option("script_location", "sale_adapters.postgres:migrations")
    # The lock has a connection of its own, so that a revision is free to commit in between; and a transaction, as a
    # session may be another's by the next statement, where there is a pooler.
    with psycopg.connect(plain) as guard:
        guard.execute("SELECT set_config(name, '0', true) FROM pg_settings WHERE name = ANY (%s)", ([*_ENDS_SILENCE],))
        guard.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        with engine.connect() as connection:
            if not lacking(connection):
                return
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, to)


def _bounded(connection: Connection) -> None:
    """A revision that waits for a table's lock makes every command behind it wait too: better give up."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
