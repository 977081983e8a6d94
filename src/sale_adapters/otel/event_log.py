"""An event log whose sends are spans of the traces that the events belong to."""

from collections.abc import Collection, Mapping, Sequence

import attrs
from opentelemetry.trace import Span

from sale_adapters.otel.tracer import OtelTracer, failed, traceparent_of
from sale_adapters.wire.tracing import Kind
from sale_domain.ports.publishing import EventLog, LogSession, OutboxRow, Partition, PublishedAt, Reading, Shard


@attrs.frozen
class TracedEventLog:
    """The `EventLog` port over another one; the records' trace context is that of their sending."""

    log: EventLog
    tracer: OtelTracer

    async def open(self, shard: Shard) -> "TracedLogSession":
        """See `EventLog`."""
        return TracedLogSession(session=await self.log.open(shard), tracer=self.tracer)


@attrs.frozen(kw_only=True)
class TracedLogSession:
    """A session over another one; see `LogSession`."""

    session: LogSession
    tracer: OtelTracer

    @property
    def cluster_id(self) -> str:
        """See `LogSession`."""
        return self.session.cluster_id

    async def high_watermarks(self, topics: Sequence[str]) -> dict[Partition, int]:
        """See `LogSession`."""
        return await self.session.high_watermarks(topics)

    async def beginnings(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """See `LogSession`."""
        return await self.session.beginnings(partitions)

    async def read(self, *, start: Mapping[Partition, int], until: Mapping[Partition, int]) -> Reading:
        """See `LogSession`."""
        return await self.session.read(start=start, until=until)

    async def publish(self, rows: Sequence[OutboxRow]) -> tuple[PublishedAt, ...]:
        """See `LogSession`; each row is a span below the request that caused it, until the transaction's end.

        A row that is sent again after a doubt has another span, and the same event id.
        """
        spans = [self._begun(row) for row in rows]
        named = [attrs.evolve(row, traceparent=traceparent_of(span)) for row, span in zip(rows, spans, strict=True)]
        try:
            addresses = await self.session.publish(named)
            for span, at in zip(spans, addresses, strict=True):
                span.set_attribute("messaging.destination.partition.id", str(at.partition))
                span.set_attribute("messaging.kafka.offset", at.offset)
        except BaseException as error:
            for span in spans:
                failed(span, error)
            raise
        else:
            return addresses
        finally:
            for span in spans:
                span.end()

    async def close(self) -> None:
        """See `LogSession`."""
        await self.session.close()

    def _begun(self, row: OutboxRow) -> Span:
        facts = {
            "messaging.system": "kafka",
            "messaging.operation.type": "send",
            "messaging.destination.name": row.topic,
            "messaging.message.id": row.event_id,
            "sale.order_id": row.order_id,
        }
        return self.tracer.begun(f"send {row.topic}", Kind.PRODUCER, facts, parent=row.traceparent)
