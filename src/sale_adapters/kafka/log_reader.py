"""Read single records where they are said to lie, as a `read_committed` consumer finds them, for the reconciler."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Self

import attrs
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from sale_adapters.kafka.client_thread import ClientThread
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.reader import LogReader
from sale_adapters.kafka.retention import retention_of
from sale_adapters.kafka.rights import words
from sale_adapters.wire.cloud_events import event_id_of
from sale_domain.ports.publishing import Partition, PublishedAt
from sale_domain.ports.publishing_errors import EventLogUnavailable
from sale_domain.ports.reconciling import LoggedRecord, LookedUp

_POLL_MS = 100
_STILL_SECONDS = 10.0
_NEAR = 1_000
"""So many records are read over rather than sought past: a seek throws away what was fetched ahead."""


@attrs.define(kw_only=True)
class _Client:
    """A reader, and what it has been told about the topics."""

    reader: LogReader
    retention: dict[str, timedelta | None] = attrs.field(factory=dict)

    @classmethod
    def connect(cls, connection: KafkaConnection) -> Self:
        return cls(reader=LogReader.connect(connection))

    def keeps(self, topics: Collection[str]) -> Mapping[str, timedelta]:
        """Return how long these topics keep their records, as far as we may know; asked once for each."""
        for topic in set(topics) - self.retention.keys():
            self.retention[topic] = retention_of(self.reader.admin, topic)
        return {topic: kept for topic in topics if (kept := self.retention[topic]) is not None}


class KafkaLogReader:
    """The `LogReader` port; an asynchronous context manager that connects when it is first asked."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._thread = ClientThread(
            "sale-reconcile-read",
            connect=partial(_Client.connect, connection),
            disconnect=lambda client: client.reader.close(),
        )

    async def __aenter__(self) -> Self:
        """Do nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._thread.close()

    async def look_up(self, places: Collection[PublishedAt]) -> LookedUp:
        """See `LogReader`."""
        try:
            return await self._thread.call(partial(_look_up, frozenset(places)))
        except KafkaError as error:
            raise EventLogUnavailable(reason=words(error)) from error


def _look_up(places: frozenset[PublishedAt], client: _Client) -> LookedUp:
    reader = client.reader
    there = reader.partitions_of({at.topic for at in places})
    by_partition: defaultdict[Partition, list[int]] = defaultdict(list)
    for at in places:
        if TopicPartition(at.topic, at.partition) in there:
            by_partition[Partition(topic=at.topic, number=at.partition)].append(at.offset)
    first, end = reader.beginnings(by_partition), reader.last_stable(by_partition)
    expired: set[PublishedAt] = set()
    records: dict[PublishedAt, LoggedRecord] = {}
    for where, offsets in by_partition.items():
        expired |= {_at(where, offset) for offset in offsets if offset < first[where]}
        kept = sorted(offset for offset in offsets if first[where] <= offset < end[where])
        place = TopicPartition(where.topic, where.number)
        records |= {_at(where, record.offset): _record(record) for record in _read(reader.consumer, place, kept)}
    return LookedUp(
        cluster_id=reader.cluster_id,
        records=records,
        expired=frozenset(expired),
        retention=client.keeps({at.topic for at in expired}),
    )


def _read(consumer: KafkaConsumer, where: TopicPartition, offsets: Sequence[int]) -> Iterator[Any]:
    """Yield the records at these offsets of one partition, of which some may hold none for us."""
    if not offsets:
        return
    consumer.assign([where])
    consumer.seek(where, offsets[0])
    wanted, last_progress = list(offsets), time.monotonic()
    while wanted:
        before = consumer.position(where)
        if wanted[0] > before + _NEAR:
            consumer.seek(where, wanted[0])
        found = {record.offset: record for record in consumer.poll(timeout_ms=_POLL_MS).get(where, ())}
        position = consumer.position(where)
        yield from (found[offset] for offset in wanted if offset in found)
        wanted = [offset for offset in wanted if offset >= position]
        if position > before:
            last_progress = time.monotonic()
        elif time.monotonic() - last_progress > _STILL_SECONDS:
            raise EventLogUnavailable(reason=f"nothing comes from {where.topic}-{where.partition}")


def _at(where: Partition, offset: int) -> PublishedAt:
    return PublishedAt(topic=where.topic, partition=where.number, offset=offset)


def _record(record: Any) -> LoggedRecord:  # noqa: ANN401 - the client is untyped
    key = None if record.key is None else record.key.decode(errors="replace")
    return LoggedRecord(event_id=event_id_of(record.headers), key=key)
