"""Who is told of a commit within one process."""

from collections.abc import Callable, Sequence

import attrs

from sale_domain.feed import FeedEntry
from sale_domain.ids import MerchantId
from sale_domain.ports.feed import Observers


@attrs.frozen(kw_only=True)
class Onlookers:
    """The `Observers` port: some are only woken, because they read the history themselves; signal is told all."""

    wake: tuple[Callable[[], object], ...] = ()
    signal: Observers | None = None

    def changed(self, merchant_id: MerchantId, entries: Sequence[FeedEntry]) -> None:
        """See `Observers`."""
        for each in self.wake:
            each()
        if self.signal is not None:
            self.signal.changed(merchant_id, entries)


class NobodyToWake:
    """The `Alarm` port where nobody polls."""

    def ring(self) -> None:
        """See `Alarm`."""
