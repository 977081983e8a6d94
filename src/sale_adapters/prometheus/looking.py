"""A look at the store that is at most some seconds old, so that scrapes cannot hurt however many there are."""

import asyncio
import logging
from collections.abc import Callable

from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.figures import Figures, StoreFigures

_LOG = logging.getLogger("sale.metrics")

FRESH_SECONDS = 5.0
"""How long a look is good for, also one that found the store away."""

PATIENCE_SECONDS = 3.0
"""How long a look may take; Prometheus itself gives up after ten seconds unless told otherwise."""


class Look:
    """Look at the store, one at a time, and remember for a while what was seen."""

    def __init__(
        self,
        figures: Figures,
        *,
        monotonic: Callable[[], float],
        fresh_seconds: float = FRESH_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Look through `figures`; `monotonic` gives seconds that never go back."""
        self._figures = figures
        self._monotonic = monotonic
        self._fresh_seconds = fresh_seconds
        self._patience_seconds = patience_seconds
        self._seen: StoreFigures | None = None
        self._fresh_until = float("-inf")
        self._turn = asyncio.Lock()

    async def figures(self) -> StoreFigures | None:
        """Return what the store looks like; None when it is away or too slow."""
        async with self._turn:
            if self._monotonic() >= self._fresh_until:
                self._seen = await self._look()
                self._fresh_until = self._monotonic() + self._fresh_seconds
            return self._seen

    async def _look(self) -> StoreFigures | None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await self._figures.read()
        except (StoreUnavailable, TimeoutError) as away:
            _LOG.warning("the store's figures cannot be read: %s", str(away) or "too slow")
            return None
