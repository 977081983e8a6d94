"""Reading the log at single addresses, in memory and on a real Apache Kafka."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.structs import TopicPartition

from relay_world import PAYMENTS, event
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.event_log import KafkaEventLog
from sale_adapters.kafka.log_reader import KafkaLogReader
from sale_adapters.kafka.retention import retention_of
from sale_adapters.kafka.topics import Topic, ensure_topics
from sale_adapters.memory import MemoryEventLog, MemoryLogReader
from sale_domain.ports.publishing import EventLog, OutboxRow, Partition, PublishedAt, Shard
from sale_domain.ports.publishing_errors import EventLogUnavailable
from sale_domain.ports.reconciling import LoggedRecord, LogReader

SHARD = Shard(layout=1, index=0, shards=1)
WEEK = timedelta(days=7)
"""How long Kafka keeps a topic's records unless it is told otherwise."""


@attrs.frozen(kw_only=True)
class Shelf:
    """A log with one topic of the test's own."""

    log: EventLog
    bootstrap: str | None
    topic: str

    def row(self, number: int, *, order: str = "order-1") -> OutboxRow:
        return attrs.evolve(event(number, order=order), topic=self.topic)

    async def publish(self, *rows: OutboxRow) -> list[PublishedAt]:
        """Publish each row in a transaction of its own, so that markers lie between them."""
        session = await self.log.open(attrs.evolve(SHARD, prefix=self.topic))
        try:
            return [at for row in rows for at in await session.publish([row])]
        finally:
            await session.close()

    @asynccontextmanager
    async def reader(self) -> AsyncGenerator[LogReader]:
        if self.bootstrap is None:
            assert isinstance(self.log, MemoryEventLog)
            yield MemoryLogReader(log=self.log, retention={self.topic: WEEK})
        else:
            async with KafkaLogReader(KafkaConnection(bootstrap=self.bootstrap)) as reader:
                yield reader

    def delete_before(self, at: PublishedAt) -> None:
        """Do what retention does."""
        if self.bootstrap is None:
            assert isinstance(self.log, MemoryEventLog)
            self.log.trim(Partition(topic=at.topic, number=at.partition), first=at.offset)
        else:
            admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
            admin.delete_records({TopicPartition(at.topic, at.partition): at.offset})
            admin.close()


@pytest.fixture(params=["memory", "kafka"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    topic = f"{PAYMENTS}-{uuid.uuid4().hex[:8]}"
    if request.param == "memory":
        return Shelf(log=MemoryEventLog({topic: 3}), bootstrap=None, topic=topic)
    bootstrap = request.getfixturevalue("kafka_bootstrap")
    connection = KafkaConnection(bootstrap=bootstrap)
    ensure_topics(connection, [Topic(name=topic, partitions=3, replication_factor=1)])
    return Shelf(log=KafkaEventLog(connection=connection), bootstrap=bootstrap, topic=topic)


async def test_records_are_found_where_they_were_published(shelf: Shelf) -> None:
    rows = [shelf.row(number, order=f"order-{number % 4}") for number in range(1, 9)]
    told = await shelf.publish(*rows)
    async with shelf.reader() as reader:
        found = await reader.look_up([told[0], told[3], told[7]])
        every = await reader.look_up(told)
    assert found.cluster_id == every.cluster_id != ""
    assert every.records == {
        at: LoggedRecord(event_id=row.event_id, key=row.order_id) for row, at in zip(rows, told, strict=True)
    }
    assert found.records == {at: every.records[at] for at in (told[0], told[3], told[7])}
    assert every.expired == frozenset()


async def test_nothing_is_found_at_a_marker_behind_the_end_or_in_no_partition(shelf: Shelf) -> None:
    (at,) = await shelf.publish(shelf.row(1))
    marker, beyond = attrs.evolve(at, offset=at.offset + 1), attrs.evolve(at, offset=at.offset + 99)
    nowhere, never = attrs.evolve(at, partition=77), attrs.evolve(at, topic=f"{shelf.topic}-never-made")
    async with shelf.reader() as reader:
        found = await reader.look_up([marker, beyond, nowhere, never, at])
        assert set(found.records) == {at}
        assert found.expired == frozenset()
        assert (await reader.look_up([])).records == {}


async def test_what_retention_has_deleted_is_said_to_have_expired(shelf: Shelf) -> None:
    first, second = await shelf.publish(shelf.row(1), shelf.row(2))
    shelf.delete_before(second)
    async with shelf.reader() as reader:
        found = await reader.look_up([first, second])
    assert found.expired == {first}
    assert set(found.records) == {second}
    assert found.retention == {shelf.topic: WEEK}


async def test_how_long_a_topic_that_is_cut_by_size_keeps_a_record_is_unknown(kafka_bootstrap: str) -> None:
    connection, topic = KafkaConnection(bootstrap=kafka_bootstrap), f"{PAYMENTS}-{uuid.uuid4().hex[:8]}"
    ensure_topics(connection, [Topic(name=topic, partitions=1, replication_factor=1)])
    kept = []
    with KafkaAdminClient(bootstrap_servers=kafka_bootstrap) as admin:
        for settings in ({"retention.ms": "60000"}, {"retention.ms": "-1"}, {"retention.bytes": "1000000"}):
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)])
            kept.append(retention_of(admin, topic))
    assert kept == [timedelta(minutes=1), timedelta(days=36_500), None]


async def test_a_kafka_that_is_away_is_said_to_be_away() -> None:
    async with KafkaLogReader(KafkaConnection(bootstrap="127.0.0.1:1", patience_seconds=0.5)) as reader:
        with pytest.raises(EventLogUnavailable, match=r"127\.0\.0\.1:1"):
            await reader.look_up([PublishedAt(topic="payment.success", partition=0, offset=0)])
