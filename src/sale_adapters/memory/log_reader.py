"""The log in memory, read at single addresses."""

from collections.abc import Collection, Mapping
from datetime import timedelta

import attrs

from sale_adapters.memory.event_log import Fate, MemoryEventLog
from sale_domain.ports.publishing import Partition, PublishedAt
from sale_domain.ports.reconciling import LoggedRecord, LookedUp


@attrs.frozen(kw_only=True)
class MemoryLogReader:
    """The `LogReader` port over a `MemoryEventLog`.

    Attributes:
        retention: How long topics keep their records, as far as that is known.
    """

    log: MemoryEventLog
    retention: Mapping[str, timedelta] = attrs.field(factory=dict)

    async def look_up(self, places: Collection[PublishedAt]) -> LookedUp:
        """See `LogReader`."""
        expired = frozenset(at for at in places if at.offset < self._first(at))
        found = ((at, self._record(at)) for at in places if at not in expired)
        records = {at: record for at, record in found if record is not None}
        return LookedUp(cluster_id=self.log.cluster_id, records=records, expired=expired, retention=self.retention)

    def _first(self, at: PublishedAt) -> int:
        content = self.log.partitions.get(Partition(topic=at.topic, number=at.partition))
        return content.first if content else 0

    def _record(self, at: PublishedAt) -> LoggedRecord | None:
        content = self.log.partitions.get(Partition(topic=at.topic, number=at.partition))
        if content is None or not content.first <= at.offset < content.last_stable():
            return None
        place = content.places[at.offset]
        if place.row is None or place.fate is not Fate.COMMITTED:
            return None
        return LoggedRecord(event_id=place.row.event_id, key=place.row.order_id)
