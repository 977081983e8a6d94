"""The event log, in memory and on a real Apache Kafka: one behaviour."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from relay_world import KITCHEN, PAYMENTS, event
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.event_log import KafkaEventLog
from sale_adapters.kafka.reader import LogReader
from sale_adapters.kafka.topics import Topic, ensure_topics
from sale_adapters.memory.event_log import MemoryEventLog
from sale_domain.ports.publishing import (
    EventLog,
    LogRecord,
    LogSession,
    OutboxRow,
    Partition,
    PublishedAt,
    Reading,
    Shard,
)
from sale_domain.ports.publishing_errors import BatchRefused, EventLogUnavailable, OutcomeUnknown, OutOfRange

FIRST, SECOND = Shard(layout=1, index=0, shards=2), Shard(layout=1, index=1, shards=2)


@attrs.frozen(kw_only=True)
class Bench:
    """A log with two empty topics of this test's own."""

    log: EventLog
    payments: str
    kitchen: str
    bootstrap: str | None = None

    def row(self, number: int, *, order: str = "order-1", kitchen: bool = False, size: int = 20) -> OutboxRow:
        topic = self.kitchen if kitchen else self.payments
        return attrs.evolve(event(number, order=order), topic=topic, payload=b"7" * size)

    @asynccontextmanager
    async def session(self, shard: Shard = FIRST) -> AsyncIterator[LogSession]:
        # Each test has producers of its own.
        session = await self.log.open(attrs.evolve(shard, prefix=f"{self.payments}-{shard.prefix}"))
        try:
            yield session
        finally:
            await session.close()

    def delete_before(self, at: PublishedAt) -> None:
        """Do what retention does."""
        if self.bootstrap is None:
            assert isinstance(self.log, MemoryEventLog)
            self.log.trim(Partition(topic=at.topic, number=at.partition), first=at.offset)
        else:
            admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
            admin.delete_records({TopicPartition(at.topic, at.partition): at.offset})
            admin.close()

    async def committed(self, session: LogSession) -> list[LogRecord]:
        """Read everything that a consumer would see."""
        ends = await session.high_watermarks([self.payments, self.kitchen])
        positions = dict.fromkeys(ends, 0)
        records: list[LogRecord] = []
        async with asyncio.timeout(30):
            while any(positions[partition] < end for partition, end in ends.items()):
                reading = await session.read(start=positions, until=ends)
                records += reading.records
                positions = dict(reading.positions)
        return records


@pytest.fixture(params=["memory", "kafka"])
def bench(request: pytest.FixtureRequest) -> Bench:
    mark = uuid.uuid4().hex[:8]
    payments, kitchen = f"{PAYMENTS}-{mark}", f"{KITCHEN}-{mark}"
    if request.param == "memory":
        log: EventLog = MemoryEventLog({payments: 3, kitchen: 2}, max_bytes=1_048_000)
    else:
        connection = KafkaConnection(bootstrap=request.getfixturevalue("kafka_bootstrap"))
        ensure_topics(
            connection,
            [
                Topic(name=payments, partitions=3, replication_factor=1),
                Topic(name=kitchen, partitions=2, replication_factor=1),
            ],
        )
        return Bench(
            log=KafkaEventLog(connection=connection),
            payments=payments,
            kitchen=kitchen,
            bootstrap=connection.bootstrap,
        )
    return Bench(log=log, payments=payments, kitchen=kitchen)


async def test_a_published_batch_is_read_back_at_the_addresses_that_were_told(bench: Bench) -> None:
    rows = [bench.row(1), bench.row(2), bench.row(3, order="order-2"), bench.row(4, kitchen=True)]
    async with bench.session() as session:
        told = await session.publish(rows)
        read = {record.event_id: record.at for record in await bench.committed(session)}
    assert read == {row.event_id: at for row, at in zip(rows, told, strict=True)}
    first, second = told[:2]
    assert (first.topic, first.partition, first.offset + 1) == (second.topic, second.partition, second.offset)


async def test_an_order_stays_in_one_partition_and_in_order_over_many_batches(bench: Bench) -> None:
    rows = [bench.row(number) for number in range(1, 9)]
    async with bench.session() as session:
        for start in range(0, 8, 2):
            await session.publish(rows[start : start + 2])
        records = await bench.committed(session)
    assert [record.event_id for record in records] == [row.event_id for row in rows]
    assert len({record.at.partition for record in records}) == 1


async def test_a_topics_partitions_and_the_cluster_are_known_before_anything_is_written(bench: Bench) -> None:
    async with bench.session() as session:
        assert session.cluster_id
        ends = await session.high_watermarks([bench.payments, bench.kitchen])
    payments = {Partition(topic=bench.payments, number=number): 0 for number in range(3)}
    assert ends == payments | {Partition(topic=bench.kitchen, number=number): 0 for number in range(2)}


async def test_a_newer_session_of_the_shard_shuts_the_older_out_and_another_shards_does_not(bench: Bench) -> None:
    async with bench.session() as older, bench.session(SECOND) as neighbour, bench.session() as newer:
        with pytest.raises(OutcomeUnknown):
            await older.publish([bench.row(1)])
        await neighbour.publish([bench.row(2, order="order-2")])
        await newer.publish([bench.row(3)])
        read = {record.event_id for record in await bench.committed(newer)}
    assert read == {bench.row(2).event_id, bench.row(3).event_id}


async def test_producers_of_another_prefix_are_others_though_their_shard_be_the_same(bench: Bench) -> None:
    async with bench.session() as ours, bench.session(attrs.evolve(FIRST, prefix="another-sale")) as theirs:
        await ours.publish([bench.row(1)])
        await theirs.publish([bench.row(2, order="order-2")])
        read = {record.event_id for record in await bench.committed(ours)}
    assert read == {bench.row(1).event_id, bench.row(2).event_id}


async def test_a_partition_begins_where_retention_has_left_something(bench: Bench) -> None:
    async with bench.session() as session:
        _, second = [(await session.publish([bench.row(number)]))[0] for number in (1, 2)]
        cut, whole = Partition(topic=second.topic, number=second.partition), Partition(topic=bench.kitchen, number=1)
        assert await session.beginnings([cut, whole]) == {cut: 0, whole: 0}
        bench.delete_before(second)
        assert await session.beginnings([cut, whole]) == {cut: second.offset, whole: 0}


async def test_reading_starts_and_goes_on_where_it_is_told(bench: Bench) -> None:
    async with bench.session() as session:
        first, second = [(await session.publish([bench.row(number)]))[0] for number in (1, 2)]
        partition = Partition(topic=first.topic, number=first.partition)
        until = {partition: second.offset + 1}
        for start, expected in ((second.offset, [bench.row(2)]), (first.offset, [bench.row(1), bench.row(2)])):
            reading = await session.read(start={partition: start}, until=until)
            named = [(record.event_id, record.order_id) for record in reading.records]
            assert named == [(row.event_id, row.order_id) for row in expected]
            assert reading.positions[partition] > second.offset


async def test_a_position_beyond_the_end_is_out_of_range(bench: Bench) -> None:
    partition = Partition(topic=bench.payments, number=0)
    async with bench.session() as session:

        async def read_on() -> None:
            while True:
                await session.read(start={partition: 50}, until={partition: 60})

        with pytest.raises(OutOfRange) as error:
            await asyncio.wait_for(read_on(), 20)
    assert error.value.partition == partition
    assert error.value.offset == 50


async def test_a_row_that_is_too_large_is_refused_and_nothing_of_its_batch_is_seen(bench: Bench) -> None:
    async with bench.session() as session:
        with pytest.raises(BatchRefused, match="bytes"):
            await session.publish([bench.row(1), bench.row(2, size=1_100_000)])
    async with bench.session() as session:
        await session.publish([bench.row(3)])
        assert [record.event_id for record in await bench.committed(session)] == [bench.row(3).event_id]


async def test_a_topic_that_is_missing_is_said_to_be_missing(bench: Bench) -> None:
    async with bench.session() as session:
        with pytest.raises(EventLogUnavailable, match=r"no topic.*never-made"):
            await session.high_watermarks(["never-made"])


async def test_a_kafka_that_is_away_is_said_to_be_away_soon() -> None:
    log = KafkaEventLog(connection=KafkaConnection(bootstrap="127.0.0.1:1", patience_seconds=0.5))
    with pytest.raises(EventLogUnavailable, match=r"127\.0\.0\.1:1"):
        await log.open(FIRST)


def test_a_record_without_our_envelope_is_passed_over(kafka_bootstrap: str) -> None:
    topic = f"{PAYMENTS}-{uuid.uuid4().hex[:8]}"
    connection = KafkaConnection(bootstrap=kafka_bootstrap)
    ensure_topics(connection, [Topic(name=topic, partitions=1, replication_factor=1)])
    stranger = KafkaProducer(bootstrap_servers=kafka_bootstrap)
    stranger.send(topic, b"no headers").get(timeout=10)
    stranger.close()
    reader = LogReader.connect(connection)
    partition = Partition(topic=topic, number=0)
    assert reader.read(start={partition: 0}, until={partition: 1}) == Reading(records=(), positions={partition: 1})
    reader.close()
