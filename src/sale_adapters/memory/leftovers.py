"""What is old, dropped from memory."""

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

from sale_adapters.memory.store import MemoryStore
from sale_domain.ids import bucket_of, merchant_bucket
from sale_domain.ports.leftovers import Leftover


class MemoryLeftovers:
    """The `Leftovers` port over a `MemoryStore`; it takes an event's own time for that of its publishing."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def drop(self, kind: Leftover, *, bucket: int, before: datetime, most: int) -> int:
        """See `Leftovers`."""
        await self._store.reach()
        store = self._store
        match kind:
            case Leftover.ANSWERS:
                keys = {
                    key: kept.at for key, kept in store.answers.items() if merchant_bucket(key.merchant_id) == bucket
                }
                gone = _oldest(keys, before, most)
                store.answers = {key: kept for key, kept in store.answers.items() if key not in gone}
            case Leftover.PUBLISHED:
                outbox = store.outbox
                done = outbox.published.keys() - outbox.aside.keys()
                mine = {key: row for key, row in outbox.rows.items() if key in done and bucket_of(key) == bucket}
                rows = {key: row.occurred_at for key, row in mine.items()}
                gone = _oldest(rows, before, most)
                outbox.rows = {key: row for key, row in outbox.rows.items() if key not in gone}
                outbox.published = {key: at for key, at in outbox.published.items() if key not in gone}
            case Leftover.WEBHOOKS:
                needed = {webhook.id for webhook in store.parked_by.values()}
                logged = {w.id: w.received_at for w in store.webhooks if bucket_of(w.id) == bucket}
                gone = _oldest({key: at for key, at in logged.items() if key not in needed}, before, most)
                store.webhooks = [webhook for webhook in store.webhooks if webhook.id not in gone]
        return len(gone)


def _oldest(times: Mapping[Any, datetime], before: datetime, most: int) -> set[Hashable]:
    old = sorted((at, n, key) for n, (key, at) in enumerate(times.items()) if at < before)
    return {key for _, _, key in old[:most]}
