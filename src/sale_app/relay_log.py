"""What the relay does, as log lines with a field for each fact."""

import logging
import time
from collections.abc import Callable, Sequence

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
        _LOG.info("started", extra={**_name(lease.shard), "fence": lease.fence, "cluster": cluster_id})

    def published(self, lease: Lease, records: Sequence[LogRecord]) -> None:
        """See `RelayObserver`; a line for each event costs as much as sending it does, so only DEBUG has them."""
        _LOG.info("published", extra={**_name(lease.shard), "events": len(records)})
        if not _LOG.isEnabledFor(logging.DEBUG):
            return
        for record in records:
            place = {"topic": record.at.topic, "partition": record.at.partition, "offset": record.at.offset}
            whose = {"event_id": record.event_id, "order_id": record.order_id}
            _LOG.debug("published", extra={**_name(lease.shard), **whose, **place})

    def delivered(self, lease: Lease, rows: Sequence[OutboxRow], *, seconds: float) -> None:
        """See `RelayObserver`; they are told as published already."""

    def waiting(self, lease: Lease, partition: Partition, *, position: int, watermark: int) -> None:
        """See `RelayObserver`; others' transactions are short, so the first seconds are not worth a word."""
        now, place = self._seconds(), (partition, position)
        if self._stuck_at != place:
            self._stuck_at, self._stuck_since, self._told_at = place, now, now
        if now - self._told_at < self._patience_seconds:
            return
        self._told_at = now
        where = {"topic": partition.topic, "partition": partition.number, "position": position, "watermark": watermark}
        _LOG.error(
            "waiting since %d s for an open transaction, nothing is sent: see docs/how-to/operate-the-relay.md",
            now - self._stuck_since,
            extra={**_name(lease.shard), **where},
        )

    def doubted(self, shard: Shard, doubt: Exception, *, wait_seconds: float) -> None:
        """See `RelayObserver`."""
        kind = {"reason": type(doubt).__name__, "retry_seconds": round(wait_seconds, 1)}
        _LOG.warning("doubt: %s", doubt, extra={**_name(shard), **kind})

    def set_aside(self, lease: Lease, row: OutboxRow, *, reason: str) -> None:
        """See `RelayObserver`."""
        whose = {"event_id": row.event_id, "order_id": row.order_id, "topic": row.topic}
        _LOG.error("set aside: %s", reason, extra={**_name(lease.shard), **whose})


def _name(shard: Shard) -> dict[str, int]:
    return {"layout": shard.layout, "shard": shard.index}
