"""What can go wrong between the outbox and the event log; kinds as in `errors`."""

from typing import ClassVar

import attrs

from sale_domain.errors import Conflict, Rejected, Unavailable
from sale_domain.ports.publishing import Partition, Shard


@attrs.define(kw_only=True, eq=False)
class Fenced(Conflict):
    """Somebody else has this shard now."""

    code: ClassVar[str] = "fenced"
    shard: Shard

    def __str__(self) -> str:
        return f"Shard {self.shard.index} of layout {self.shard.layout} is somebody else's now."


@attrs.define(kw_only=True, eq=False)
class OutcomeUnknown(Unavailable):
    """The records may or may not be in the log: only reading the log tells."""

    code: ClassVar[str] = "outcome-unknown"
    reason: str

    def __str__(self) -> str:
        return self.reason


@attrs.define(kw_only=True, eq=False)
class EventLogUnavailable(Unavailable):
    """Kafka cannot be reached, lacks a topic, or denies a right."""

    code: ClassVar[str] = "event-log-unavailable"
    reason: str

    def __str__(self) -> str:
        return f"The event log is not available: {self.reason}"


@attrs.define(kw_only=True, eq=False)
class BatchRefused(Rejected):
    """The log will never take at least one row of the batch."""

    code: ClassVar[str] = "batch-refused"
    reason: str

    def __str__(self) -> str:
        return self.reason


@attrs.define(kw_only=True, eq=False)
class OutOfRange(Conflict):
    """The log no longer holds, or does not yet hold, the offset that is to be read."""

    code: ClassVar[str] = "out-of-range"
    partition: Partition
    offset: int

    def __str__(self) -> str:
        return f"Offset {self.offset} of {self.partition} is not in the log."


@attrs.define(kw_only=True, eq=False)
class ShardHalted(Conflict):
    """The shard cannot go on without a person: sending might double an event, or one is lost already."""

    code: ClassVar[str] = "shard-halted"
    shard: Shard
    reason: str

    def __str__(self) -> str:
        return f"Shard {self.shard.index} of layout {self.shard.layout} is halted: {self.reason}"
