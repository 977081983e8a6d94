"""Several who want to know what the relay does, as one."""

from collections.abc import Sequence

import attrs

from sale_domain.ports.publishing import Lease, LogRecord, OutboxRow, Partition, Shard
from sale_domain.ports.relaying import RelayObserver


@attrs.frozen
class RelayObservers:
    """The `RelayObserver` port over others, told in this order."""

    each: tuple[RelayObserver, ...]

    def started(self, lease: Lease, *, cluster_id: str) -> None:
        """See `RelayObserver`."""
        for observer in self.each:
            observer.started(lease, cluster_id=cluster_id)

    def published(self, lease: Lease, records: Sequence[LogRecord]) -> None:
        """See `RelayObserver`."""
        for observer in self.each:
            observer.published(lease, records)

    def delivered(self, lease: Lease, rows: Sequence[OutboxRow], *, seconds: float) -> None:
        """See `RelayObserver`."""
        for observer in self.each:
            observer.delivered(lease, rows, seconds=seconds)

    def waiting(self, lease: Lease, partition: Partition, *, position: int, watermark: int) -> None:
        """See `RelayObserver`."""
        for observer in self.each:
            observer.waiting(lease, partition, position=position, watermark=watermark)

    def doubted(self, shard: Shard, doubt: Exception, *, wait_seconds: float) -> None:
        """See `RelayObserver`."""
        for observer in self.each:
            observer.doubted(shard, doubt, wait_seconds=wait_seconds)

    def set_aside(self, lease: Lease, row: OutboxRow, *, reason: str) -> None:
        """See `RelayObserver`."""
        for observer in self.each:
            observer.set_aside(lease, row, reason=reason)
