"""A look at Kafka: are the topics there and as they must be, and may we read, write, and use transactions?"""

import asyncio
import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.topics import Topic, TopicDiffers, doubts, lacking
from sale_adapters.kafka.transactions import try_transactions
from sale_app.doctor.findings import NotReachable, NotWell, Seen
from sale_domain.ports.publishing_errors import EventLogUnavailable


async def look_at_kafka(connection: KafkaConnection, *, topics: Sequence[Topic], prefix: str) -> Seen:
    """Return what there is to say of a Kafka that has all topics and lets us relay to them.

    Args:
        connection: Where to, and as whom.
        topics: What is relayed to, as `sale migrate` would make it.
        prefix: Begins our transactional ids.

    Raises:
        NotWell, NotReachable: see there.
    """
    with _quiet():
        try:
            lacks = await asyncio.to_thread(lacking, connection, [topic.name for topic in topics])
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
        try:
            mind = await asyncio.to_thread(doubts, connection, topics)
        except TopicDiffers as differs:
            raise NotWell(f"{differs} Make it as docs/how-to/install.md says, or mend SALE_KAFKA_PARTITIONS") from None
    return Seen("every topic is there, and we may read and write it", "; ".join(mind) or None)


@contextmanager
def _quiet() -> Generator[None]:
    """Keep off the terminal what the client says of every try; a log that somebody has set up still gets it."""
    client, nobody = logging.getLogger("kafka"), logging.NullHandler()
    client.addHandler(nobody)
    try:
        yield
    finally:
        client.removeHandler(nobody)
