"""Read records as a consumer of Sale would: committed ones only, from the beginning, without a group."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from kafka import KafkaConsumer, TopicPartition

from sale_adapters.kafka.clients import connected
from sale_adapters.kafka.connection import KafkaConnection

_POLL_MILLISECONDS = 200


@attrs.frozen(kw_only=True)
class CommittedRecord:
    """A record and its address."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]


def consumer_of_committed(bootstrap: str) -> KafkaConsumer:
    """Return a consumer that begins where the log does, and remembers nothing; it has no partitions yet."""
    return connected(
        KafkaConsumer,
        KafkaConnection(bootstrap=bootstrap),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        group_id=None,
    )


def committed_records(
    bootstrap: str, *, topic: str, key: str | None = None, count: int, timeout_seconds: float
) -> list[CommittedRecord]:
    """Read a topic until `count` records (of one key) are there or the time is over, and then on to its end; blocks.

    Returns:
        What is there, per partition in the order of the log: more than `count` if there are more.
    """
    consumer = consumer_of_committed(bootstrap)
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        found: list[CommittedRecord] = []
        deadline = time.monotonic() + timeout_seconds
        while (len(found) < count or not _at_the_end(consumer, partitions)) and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=_POLL_MILLISECONDS).values():
                found += (_record(record) for record in records if key is None or record.key == key.encode())
        return found
    finally:
        consumer.close()


def _at_the_end(consumer: KafkaConsumer, partitions: Sequence[TopicPartition]) -> bool:
    # For a read_committed consumer this is the end of what is committed.
    ends = consumer.end_offsets(partitions)
    return all(consumer.position(partition) >= ends[partition] for partition in partitions)


def _record(record: Any) -> CommittedRecord:  # noqa: ANN401 - the client is untyped
    return CommittedRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key.decode(),
        value=record.value,
        headers={name: value.decode() for name, value in record.headers},
    )
