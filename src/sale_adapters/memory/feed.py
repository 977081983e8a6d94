"""The feed of a store in memory."""

from collections.abc import Collection, Mapping, Sequence

from sale_adapters.memory.store import MemoryStore
from sale_domain.ids import MerchantId
from sale_domain.ports.orders import NumberedEntry


class MemoryFeed:
    """The `Feed` port over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def heads(self, merchants: Collection[MerchantId]) -> Mapping[MerchantId, int]:
        """See `Feed`."""
        await self._store.reach()
        return {merchant_id: len(self._store.feeds.get(merchant_id, ())) for merchant_id in merchants}

    async def since(
        self, positions: Mapping[MerchantId, int], *, limit: int
    ) -> Mapping[MerchantId, Sequence[NumberedEntry]]:
        """See `Feed`."""
        await self._store.reach()
        found = {merchant_id: self._behind(merchant_id, n, limit) for merchant_id, n in positions.items()}
        return {merchant_id: entries for merchant_id, entries in found.items() if entries}

    def _behind(self, merchant_id: MerchantId, position: int, limit: int) -> Sequence[NumberedEntry]:
        entries = self._store.feeds.get(merchant_id, [])[position : position + limit]
        return [NumberedEntry(n=n, entry=entry) for n, entry in enumerate(entries, start=position + 1)]
