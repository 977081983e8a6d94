"""What was read lately, for a while, in bounded memory."""

from collections.abc import Callable
from typing import Generic

import attrs

from sale_adapters.sisters.flights import Flights, Key, Load, Value


@attrs.frozen(kw_only=True)
class _Kept(Generic[Value]):
    value: Value
    until: float


class Cache(Generic[Key, Value]):
    """Values by key; one that is missing or too old is loaded once for all who want it. Failures are not kept."""

    def __init__(self, *, seconds: float, limit: int, monotonic: Callable[[], float]) -> None:
        """Prepare to keep ``limit`` values, each for ``seconds`` from the start of its load."""
        self._seconds = seconds
        self._limit = limit
        self._monotonic = monotonic
        self._kept: dict[Key, _Kept[Value]] = {}
        self._flights: Flights[Key, Value] = Flights()

    async def get(self, key: Key, load: Load[Value]) -> Value:
        """Return the value that is kept, or load it; what the load raises reaches all who wait for it."""
        kept = self._kept.get(key)
        if kept is not None and self._monotonic() < kept.until:
            return kept.value
        return await self._flights.join(key, lambda: self._loaded(key, load))

    async def _loaded(self, key: Key, load: Load[Value]) -> Value:
        until = self._monotonic() + self._seconds
        value = await load()
        self._kept.pop(key, None)  # so that the dict's order is that of age
        self._kept[key] = _Kept(value=value, until=until)
        if len(self._kept) > self._limit:
            del self._kept[next(iter(self._kept))]
        return value
