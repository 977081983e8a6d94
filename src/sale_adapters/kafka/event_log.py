"""The event log on Apache Kafka: for each shard a transactional producer and a reader, new after every doubt."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TypeVar

import attrs
from kafka import KafkaProducer
from kafka.errors import InvalidRecordError, KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from sale_adapters.kafka.client_thread import ClientThread
from sale_adapters.kafka.clients import connected, end_producer
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.reader import LogReader
from sale_adapters.kafka.rights import words
from sale_adapters.kafka.watchdog import Watchdog
from sale_adapters.wire.cloud_events import cloud_event_headers
from sale_domain.ports.publishing import OutboxRow, Partition, PublishedAt, Reading, Shard
from sale_domain.ports.publishing_errors import BatchRefused, EventLogUnavailable, OutcomeUnknown

C = TypeVar("C")
T = TypeVar("T")

_LINGER_MS, _BATCH_BYTES = 20, 262_144
_NEVER_TAKEN = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidRecordError)


@attrs.frozen(kw_only=True)
class KafkaEventLog:
    """The `EventLog` port.

    Attributes:
        transaction_seconds: After this time the broker aborts a transaction whose producer is gone. Until then it hides
            the later records of its partitions from every reader.
    """

    connection: KafkaConnection
    transaction_seconds: float = 10.0
    watchdog: Watchdog = attrs.field(factory=Watchdog)

    async def open(self, shard: Shard) -> "KafkaLogSession":
        """See `EventLog`; the producers' common name is their `transactional.id`."""
        name = shard.producer
        session = KafkaLogSession(
            producer=ClientThread(
                f"{name}-send", connect=partial(self._connect, name), disconnect=end_producer, watchdog=self.watchdog
            ),
            reader=ClientThread(
                f"{name}-read",
                connect=partial(LogReader.connect, self.connection),
                disconnect=LogReader.close,
                watchdog=self.watchdog,
            ),
            prefix=shard.prefix,
            patience_seconds=self.transaction_seconds,
        )
        try:
            await session.begin()
        except BaseException:
            await session.close()
            raise
        return session

    def _connect(self, transactional_id: str) -> KafkaProducer:
        milliseconds = int(self.transaction_seconds * 1000)
        return connected(
            KafkaProducer,
            self.connection,
            transactional_id=transactional_id,
            transaction_timeout_ms=milliseconds,
            delivery_timeout_ms=milliseconds,
            max_block_ms=milliseconds,
            acks="all",
            # The client backs off this long while the broker completes the last transaction: 100 ms, the default, would
            # be a ceiling of nine transactions a second.
            retry_backoff_ms=5,
            # A batch leaves when all of it is there, in as few requests as it needs: the client, which is written in
            # Python, would otherwise send the first record of each partition by itself.
            linger_ms=_LINGER_MS,
            batch_size=_BATCH_BYTES,
            allow_auto_create_topics=False,
        )


@attrs.define(kw_only=True)
class KafkaLogSession:
    """One producer, one reader; see `LogSession`."""

    producer: ClientThread[KafkaProducer]
    reader: ClientThread[LogReader]
    prefix: str
    patience_seconds: float
    cluster_id: str = ""

    async def begin(self) -> None:
        """End whatever an older producer of this shard has begun, and shut it out."""
        await self._ask(self.producer, KafkaProducer.init_transactions)
        self.cluster_id = await self._ask(self.reader, lambda reader: reader.cluster_id)

    async def high_watermarks(self, topics: Sequence[str]) -> dict[Partition, int]:
        """See `LogSession`."""
        return await self._ask(self.reader, lambda reader: reader.high_watermarks(topics))

    async def beginnings(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """See `LogSession`."""
        return await self._ask(self.reader, lambda reader: reader.beginnings(partitions))

    async def read(self, *, start: Mapping[Partition, int], until: Mapping[Partition, int]) -> Reading:
        """See `LogSession`."""
        return await self._ask(self.reader, lambda reader: reader.read(start=start, until=until))

    async def publish(self, rows: Sequence[OutboxRow]) -> tuple[PublishedAt, ...]:
        """See `LogSession`."""
        try:
            return await self.producer.call(partial(self._publish, tuple(rows)))
        except _NEVER_TAKEN as error:
            raise BatchRefused(reason=words(error, prefix=self.prefix)) from error
        except KafkaError as error:
            raise OutcomeUnknown(reason=words(error, operation="Write", prefix=self.prefix)) from error

    async def close(self) -> None:
        """See `LogSession`."""
        try:
            await self.producer.close()
        finally:
            await self.reader.close()

    def _publish(self, rows: tuple[OutboxRow, ...], producer: KafkaProducer) -> tuple[PublishedAt, ...]:
        """Commit only when every single record has been acknowledged.

        The client commits a transaction although one of its records has timed out, and reports success for some
        transactions that were aborted; hence every future first, and what it then says is read back all the same.
        """
        producer.begin_transaction()
        futures = [
            producer.send(row.topic, key=row.key, value=row.payload, headers=cloud_event_headers(row)) for row in rows
        ]
        producer.flush(timeout=self.patience_seconds)
        sent = [future.get(timeout=self.patience_seconds) for future in futures]
        producer.commit_transaction()
        return tuple(PublishedAt(topic=one.topic, partition=one.partition, offset=one.offset) for one in sent)

    async def _ask(self, client: ClientThread[C], work: Callable[[C], T]) -> T:
        try:
            return await client.call(work)
        except KafkaError as error:
            raise EventLogUnavailable(reason=words(error, prefix=self.prefix)) from error
