"""What a relay needs besides outbox and log: a sense of time, and somebody who wants to know."""

from collections.abc import Coroutine, Sequence
from typing import Protocol, TypeVar

import attrs

from sale_domain.ports.publishing import Lease, LogRecord, OutboxRow, Partition, Shard

T = TypeVar("T")


class Pace(Protocol):
    """The relay's time, given from outside so that a simulation can own it."""

    def seconds(self) -> float:
        """Return a time that only goes forward."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def await_work(self, seconds: float) -> None:
        """Wait until somebody says that there is work, but at most so long."""

    async def both(self, first: Coroutine[object, None, object], second: Coroutine[object, None, T]) -> T:
        """Do both at once, each to its end, and return what the second does.

        Where both fail the first one's failure is raised; being cancelled cancels both.
        """


class RelayObserver(Protocol):
    """Whoever wants to know what the relay does."""

    def started(self, lease: Lease, *, cluster_id: str) -> None:
        """The shard is reconciled with the log and sends from now on."""

    def published(self, lease: Lease, records: Sequence[LogRecord]) -> None:
        """Rows were read back from the log and marked, at least one, whichever life sent them."""

    def delivered(self, lease: Lease, rows: Sequence[OutboxRow], *, seconds: float) -> None:
        """A batch that this life sent is read back and marked, so many seconds after it began to send."""

    def waiting(self, lease: Lease, partition: Partition, *, position: int, watermark: int) -> None:
        """Somebody's open transaction hides the end of a partition; nothing is sent meanwhile."""

    def doubted(self, shard: Shard, doubt: Exception, *, wait_seconds: float) -> None:
        """Something went wrong; the producer is dropped and the log will be read after the wait."""

    def set_aside(self, lease: Lease, row: OutboxRow, *, reason: str) -> None:
        """A row that Kafka will never take is kept back, with the later rows of its order."""


@attrs.frozen(kw_only=True)
class Standing:
    """What a relay process has at the moment.

    Attributes:
        shards: Of the layout that it serves; 0 before it has agreed on one.
        held: The indices of those that it leases.
        halted: Those of them that wait for a person.
    """

    shards: int
    held: frozenset[int]
    halted: frozenset[int]
