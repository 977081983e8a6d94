"""What the relay does, as log lines of `name=value`."""

import logging

from sale_domain.ids import EventId
from sale_domain.ports.publishing import Lease, LogRecord, OutboxRow, Partition, Shard

_LOG = logging.getLogger("sale.relay")


class RelayLog:
    """The `RelayObserver` port on the standard library's logging."""

    def started(self, lease: Lease, *, cluster_id: str) -> None:
        """See `RelayObserver`."""
        _LOG.info("started %s fence=%d cluster=%s", _name(lease.shard), lease.fence, cluster_id)

    def published(self, lease: Lease, record: LogRecord) -> None:
        """See `RelayObserver`."""
        at = record.at
        place = f"topic={at.topic} partition={at.partition} offset={at.offset}"
        _LOG.info("published %s event_id=%s %s", _name(lease.shard), record.event_id, place)

    def waiting(self, lease: Lease, partition: Partition, *, position: int, watermark: int) -> None:
        """See `RelayObserver`."""
        place = f"topic={partition.topic} partition={partition.number} position={position} watermark={watermark}"
        _LOG.warning("waiting for an open transaction %s %s", _name(lease.shard), place)

    def doubted(self, shard: Shard, doubt: Exception, *, wait_seconds: float) -> None:
        """See `RelayObserver`."""
        _LOG.warning(
            "doubt %s retry_seconds=%.1f reason=%s: %s", _name(shard), wait_seconds, type(doubt).__name__, doubt
        )

    def set_aside(self, lease: Lease, row: OutboxRow, *, reason: str) -> None:
        """See `RelayObserver`."""
        event_id: EventId = row.event_id
        _LOG.error("set aside %s event_id=%s order_id=%s reason=%s", _name(lease.shard), event_id, row.order_id, reason)


def _name(shard: Shard) -> str:
    return f"layout={shard.layout} shard={shard.index}"
