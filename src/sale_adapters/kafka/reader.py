"""Read the log as its consumers do, and know where it ends; blocking, for one thread at a time."""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any, Self

import attrs
from kafka import IsolationLevel, KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import OffsetOutOfRangeError, UnknownTopicOrPartitionError, for_code

from sale_adapters.kafka.clients import connected
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.rights import lacks
from sale_adapters.wire.cloud_events import event_id_of
from sale_domain.ids import OrderId
from sale_domain.ports.publishing import LogRecord, Partition, PublishedAt, Reading
from sale_domain.ports.publishing_errors import EventLogUnavailable, OutOfRange

_READ_SECONDS = 1.0
_POLL_MS = 100
_MOST_RECORDS = 5_000


@attrs.define(kw_only=True)
class LogReader:
    """A `read_committed` consumer without a group, and an admin client for what a consumer cannot tell."""

    consumer: KafkaConsumer
    admin: KafkaAdminClient
    cluster_id: str

    @classmethod
    def connect(cls, connection: KafkaConnection) -> Self:
        """Connect both clients."""
        with ExitStack() as opened:
            admin = opened.enter_context(closing(connected(KafkaAdminClient, connection)))
            consumer = connected(
                KafkaConsumer,
                connection,
                isolation_level="read_committed",
                auto_offset_reset="none",
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                retry_backoff_ms=20,
            )
            opened.enter_context(closing(consumer))
            reader = cls(consumer=consumer, admin=admin, cluster_id=admin.describe_cluster()["cluster_id"])
            opened.pop_all()
        return reader

    def partitions_of(self, topics: Collection[str]) -> set[TopicPartition]:
        """Return what the topics consist of; one that does not exist has no partitions.

        Raises:
            KafkaError: a topic may be there, but we have no right to know.
        """
        described = self.admin.describe_topics(sorted(topics)) if topics else ()
        for topic in described:
            if topic["error_code"] not in {0, UnknownTopicOrPartitionError.errno}:
                raise for_code(topic["error_code"])(topic["name"])
        named = ((topic["name"], one["partition_index"]) for topic in described for one in topic["partitions"])
        return {TopicPartition(*name) for name in named}

    def high_watermarks(self, topics: Sequence[str]) -> dict[Partition, int]:
        """See `LogSession`."""
        wanted, lacking = {}, list[str]()
        for topic in self.admin.describe_topics(list(topics)):
            lacking += lacks(topic)
            for partition in topic["partitions"]:
                wanted[TopicPartition(topic["name"], partition["partition_index"])] = OffsetSpec.LATEST
        if lacking:
            raise EventLogUnavailable(reason="; ".join(lacking))
        ends = self.admin.list_partition_offsets(wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED)
        return _offsets(ends)

    def beginnings(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """See `LogSession`."""
        wanted = {TopicPartition(partition.topic, partition.number): OffsetSpec.EARLIEST for partition in partitions}
        return _offsets(self.admin.list_partition_offsets(wanted))

    def last_stable(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Return for each partition the offset up to which committed records can be read."""
        wanted = {TopicPartition(partition.topic, partition.number): OffsetSpec.LATEST for partition in partitions}
        return _offsets(self.admin.list_partition_offsets(wanted, isolation_level=IsolationLevel.READ_COMMITTED))

    def read(self, *, start: Mapping[Partition, int], until: Mapping[Partition, int]) -> Reading:
        """See `LogSession`."""
        places = {TopicPartition(partition.topic, partition.number): partition for partition in start}
        self._go_to({place: start[partition] for place, partition in places.items()})
        records: list[LogRecord] = []
        deadline = time.monotonic() + _READ_SECONDS
        while True:
            positions = {partition: self.consumer.position(place) for place, partition in places.items()}
            reached = all(positions[partition] >= offset for partition, offset in until.items())
            if reached or len(records) >= _MOST_RECORDS or time.monotonic() > deadline:
                return Reading(records=tuple(records), positions=positions)
            records += self._poll()

    def close(self) -> None:
        """Disconnect."""
        with closing(self.admin):
            self.consumer.close(autocommit=False)

    def _go_to(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Move the consumer, and leave it alone where it is already: a seek throws away what it has fetched ahead."""
        if self.consumer.assignment() != set(offsets):
            self.consumer.assign(list(offsets))
            for place, offset in offsets.items():
                self.consumer.seek(place, offset)
            return
        for place, offset in offsets.items():
            if self.consumer.position(place) != offset:
                self.consumer.seek(place, offset)

    def _poll(self) -> list[LogRecord]:
        try:
            batches = self.consumer.poll(timeout_ms=_POLL_MS)
        except OffsetOutOfRangeError as error:
            where, offset = next(iter(error.args[0].items()))
            raise OutOfRange(partition=Partition(topic=where.topic, number=where.partition), offset=offset) from error
        return [
            LogRecord(
                event_id=event_id,
                at=PublishedAt(topic=record.topic, partition=record.partition, offset=record.offset),
                order_id=OrderId(record.key.decode(errors="replace")) if record.key else None,
            )
            for batch in batches.values()
            for record in batch
            if (event_id := event_id_of(record.headers)) is not None
        ]


def _offsets(found: Mapping[TopicPartition, Any]) -> dict[Partition, int]:
    return {Partition(topic=where.topic, number=where.partition): at.offset for where, at in found.items()}
