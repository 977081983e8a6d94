"""The outbox's tables in a database of the test's own, and the order side of them: putting rows in."""

import psycopg
from sqlalchemy import create_engine

from sale_adapters.postgres.schema.metadata import METADATA
from sale_adapters.postgres.schema.publishing import OUTBOX, RELAY_LAYOUTS, RELAY_OFFSETS, RELAY_SHARDS
from sale_domain.ids import EventId, bucket_of
from sale_domain.ports.publishing import OutboxRow, PublishedAt

TABLES = (OUTBOX, RELAY_LAYOUTS, RELAY_SHARDS, RELAY_OFFSETS)


def make_tables(database_url: str) -> None:
    """Create the tables that are missing, and empty them."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    METADATA.create_all(engine, tables=TABLES)
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(table.delete())
    engine.dispose()


def insert(database_url: str, *rows: OutboxRow) -> None:
    """Commit the rows, as orders' transactions would."""
    statement = """
        INSERT INTO outbox (bucket, event_id, order_id, seq, merchant_id, topic, payload, occurred_at, traceparent)
        VALUES (%s, %s, %s, %s, 'merchant-1', %s, %s, %s, %s)
    """
    with psycopg.connect(database_url) as connection:
        connection.cursor().executemany(statement, [_values(row) for row in rows])


def addresses(database_url: str) -> dict[EventId, PublishedAt]:
    """Return where the published rows say that they are."""
    statement = "SELECT event_id, topic, partition, log_offset FROM outbox WHERE published_at IS NOT NULL"
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(statement).fetchall()
    return {
        EventId(event_id): PublishedAt(topic=topic, partition=partition, offset=offset)
        for event_id, topic, partition, offset in rows
    }


def _values(row: OutboxRow) -> tuple[object, ...]:
    return (
        bucket_of(row.event_id),
        row.event_id,
        row.order_id,
        row.seq,
        row.topic,
        row.payload.decode(),
        row.occurred_at,
        row.traceparent,
    )
