"""The committed history as the live screens follow it: what was committed behind a number, and who is told at once."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sale_domain.feed import FeedEntry
from sale_domain.ids import MerchantId
from sale_domain.ports.orders import NumberedEntry


class Feed(Protocol):
    """Every merchant's history by its feed number: gap-free, and in version order per thing (architecture §6).

    Both methods may raise `StoreUnavailable`.
    """

    async def heads(self, merchants: Collection[MerchantId]) -> Mapping[MerchantId, int]:
        """Return the newest number of each of the merchants; 0 where nothing has happened yet."""

    async def since(
        self, positions: Mapping[MerchantId, int], *, limit: int
    ) -> Mapping[MerchantId, Sequence[NumberedEntry]]:
        """Return what was committed behind each merchant's position, oldest first, at most `limit` a merchant.

        Merchants with nothing new are left out.
        """


class Observers(Protocol):
    """Whoever is told of changes right after their commit, as a hint: what gets lost can be read from `Feed`."""

    def changed(self, merchant_id: MerchantId, entries: Sequence[FeedEntry]) -> None:
        """Hear what was committed, in its order; return at once and never fail."""
