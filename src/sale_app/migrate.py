"""Bring the database and Kafka's topics up to date, or wait until somebody has."""

import time

import psycopg
from rich.console import Console
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sale_adapters.kafka.topics import TopicDiffers, ensure_topics
from sale_adapters.postgres.migrations.pending import wanting
from sale_adapters.postgres.migrations.run import migrate
from sale_app.kafka import kafka_connection, kafka_topics
from sale_app.logs import masked
from sale_app.settings import Settings
from sale_domain.errors import Unavailable

_LOOK_SECONDS = 1.0


def bring_up_to_date(settings: Settings, *, topics: bool, console: Console) -> int:
    """Migrate the database, then make the topics; return the exit code (0 good, 1 failed)."""
    try:
        migrate(settings.database_url)
        console.print("database: up to date")
        if topics:
            for name, outcome in ensure_topics(kafka_connection(settings), kafka_topics(settings)).items():
                console.print(f"topic {name}: {outcome.value}")
    except (Unavailable, TopicDiffers, psycopg.Error, SQLAlchemyError) as failure:
        console.print(masked(_words(failure), settings), markup=False)
        return 1
    return 0


def _words(failure: Exception) -> str:
    """Return what PostgreSQL says, without the statement that it says it of."""
    said = failure.orig if isinstance(failure, DBAPIError) else failure
    words = " ".join(str(said).split())
    if isinstance(said, psycopg.errors.InsufficientPrivilege):
        return f"database: {words}; `sale migrate` needs the URL of the tables' owner (docs/how-to/install.md)"
    return words


def await_migration(settings: Settings, *, seconds: float, console: Console) -> int:
    """Wait until the database lacks nothing that is needed; return the exit code (0 it does not, 1 it still does).

    New code must not meet tables that are too old: before it starts, a rollout waits here for whoever migrates.
    """
    end, told = time.monotonic() + seconds, None
    while True:
        lack = _lack(settings.database_url)
        if lack is None:
            console.print("database: up to date")
            return 0
        if lack != told:
            console.print(masked(f"database: {lack}", settings), markup=False)
        if time.monotonic() + _LOOK_SECONDS > end:
            return 1
        told = lack
        time.sleep(_LOOK_SECONDS)


def _lack(database_url: str) -> str | None:
    try:
        revisions = wanting(database_url)
    except SQLAlchemyError as away:
        return " ".join(str(away).split())
    return f"lacks {', '.join(revisions)}; run `sale migrate`" if revisions else None
