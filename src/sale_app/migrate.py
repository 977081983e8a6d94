"""Bring the database and Kafka's topics up to date."""

import psycopg
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from sale_adapters.kafka.topics import Topic, TopicDiffers, ensure_topics
from sale_adapters.postgres.migrations.run import migrate
from sale_app.kafka import kafka_connection
from sale_app.settings import Settings
from sale_domain.errors import Unavailable
from sale_domain.events import KAFKA_TOPICS


def bring_up_to_date(settings: Settings, *, topics: bool, console: Console) -> int:
    """Migrate the database, then make the topics; return the exit code (0 good, 1 failed)."""
    try:
        migrate(settings.database_url)
        console.print("database: up to date")
        if topics:
            wanted = [_topic(name, settings) for name in KAFKA_TOPICS]
            for name, outcome in ensure_topics(kafka_connection(settings), wanted).items():
                console.print(f"topic {name}: {outcome.value}")
    except (Unavailable, TopicDiffers, psycopg.Error, SQLAlchemyError) as failure:
        console.print(str(failure), markup=False)
        return 1
    return 0


def _topic(name: str, settings: Settings) -> Topic:
    return Topic(name=name, partitions=settings.kafka_partitions, replication_factor=settings.kafka_replication)
