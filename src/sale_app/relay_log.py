"""What the relay does, as log lines of `name=value`."""

import logging
import time
from collections.abc import Callable

from sale_domain.ids import EventId
from sale_domain.ports.publishing import Lease, LogRecord, OutboxRow, Partition, Shard

_LOG = logging.getLogger("sale.relay")


class RelayLog:
    """The `RelayObserver` port on the standard library's logging, for one shard."""

    def __init__(self, *, patience_seconds: float = 15.0, seconds: Callable[[], float] = time.monotonic) -> None:
        """Complain of an open transaction after `patience_seconds`, and again each time that they have passed.

        An honest transaction is over before: the broker ends it after ten seconds.
        """
        self._patience_seconds = patience_seconds
        self._seconds = seconds
        self._stuck_at: tuple[Partition, int] | None = None
        self._stuck_since = 0.0
        self._told_at = 0.0

    def started(self, lease: Lease, *, cluster_id: str) -> None:
        """See `RelayObserver`."""
        _LOG.info("started %s fence=%d cluster=%s", _name(lease.shard), lease.fence, cluster_id)

    def published(self, lease: Lease, record: LogRecord) -> None:
        """See `RelayObserver`."""
        at = record.at
        place = f"topic={at.topic} partition={at.partition} offset={at.offset}"
        _LOG.info("published %s event_id=%s %s", _name(lease.shard), record.event_id, place)

    def waiting(self, lease: Lease, partition: Partition, *, position: int, watermark: int) -> None:
        """See `RelayObserver`; others' transactions are short, so the first seconds are not worth a word."""
        now, place = self._seconds(), (partition, position)
        if self._stuck_at != place:
            self._stuck_at, self._stuck_since, self._told_at = place, now, now
        if now - self._told_at < self._patience_seconds:
            return
        self._told_at = now
        _LOG.error(
            "waiting since %d s for an open transaction, nothing is sent meanwhile %s topic=%s partition=%d"
            " position=%d watermark=%d: see docs/how-to/operate-the-relay.md",
            now - self._stuck_since,
            _name(lease.shard),
            partition.topic,
            partition.number,
            position,
            watermark,
        )

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
