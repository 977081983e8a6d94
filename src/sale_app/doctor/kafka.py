"""A look at Kafka: are the topics there, and may we read, write, and use transactions?"""

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager

from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.topics import lacking
from sale_adapters.kafka.transactions import try_transactions
from sale_app.doctor.findings import NotReachable, NotWell, Seen
from sale_domain.events import KAFKA_TOPICS
from sale_domain.ports.publishing import EventLogUnavailable


async def look_at_kafka(connection: KafkaConnection, *, prefix: str) -> Seen:
    """Return what there is to say of a Kafka that has all topics and lets us relay to them.

    Args:
        connection: Where to, and as whom.
        prefix: Begins our transactional ids.

    Raises:
        NotWell, NotReachable: see there.
    """
    with _quiet():
        try:
            lacks = await asyncio.to_thread(lacking, connection, KAFKA_TOPICS)
        except EventLogUnavailable as away:
            if "does not let us log in" in away.reason:
                raise NotWell(away.reason) from None
            raise NotReachable(away.reason) from None
        try:
            await asyncio.to_thread(try_transactions, connection, prefix=prefix)
        except EventLogUnavailable as refused:
            lacks = (*lacks, refused.reason)
    if lacks:
        raise NotWell("; ".join(lacks))
    return Seen("every topic is there, and we may read and write it")


@contextmanager
def _quiet() -> Generator[None]:
    """Keep off the terminal what the client says of every try; a log that somebody has set up still gets it."""
    client, nobody = logging.getLogger("kafka"), logging.NullHandler()
    client.addHandler(nobody)
    try:
        yield
    finally:
        client.removeHandler(nobody)
