"""Allocation usages in memory: they lie in their orders, and no two orders may have the same unit."""

from collections.abc import Iterator
from datetime import datetime

from sale_adapters.memory.store import MemoryStore
from sale_domain.allocation_errors import UnitInUse
from sale_domain.allocations import Usage
from sale_domain.errors import NotFound
from sale_domain.ids import MerchantId, OrderId, UsageId, bucket_of
from sale_domain.orders import Order
from sale_domain.ports.allocations import UsageFilter, UsagePage


class MemoryAllocationUsages:
    """The `AllocationUsages` port over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find_many(
        self, which: UsageFilter, *, merchant_id: MerchantId, after: UsageId | None, limit: int
    ) -> UsagePage:
        """See `AllocationUsages`."""
        await self._store.reach()
        found = sorted(
            (
                usage
                for usage in _usages(self._store)
                if usage.merchant_id == merchant_id and _shows(which, usage) and (after is None or usage.id < after)
            ),
            key=lambda usage: usage.id,
            reverse=True,
        )
        return UsagePage(
            usages=tuple(found[:limit]),
            next_after=found[limit - 1].id if len(found) > limit else None,
            feed_seq=len(self._store.feeds[merchant_id]),
        )

    async def order_of(self, usage_id: UsageId, *, merchant_id: MerchantId) -> OrderId:
        """See `AllocationUsages`."""
        await self._store.reach()
        for usage in _usages(self._store):
            if (usage.id, usage.merchant_id) == (usage_id, merchant_id):
                return usage.order_id
        raise NotFound(thing="allocation usage")

    async def due(
        self, buckets: range, *, until: datetime, after: tuple[datetime, UsageId] | None = None, limit: int
    ) -> tuple[Usage, ...]:
        """See `AllocationUsages`."""
        await self._store.reach()
        over = {
            (usage.reserved_to, usage.id): usage
            for usage in _usages(self._store)
            if usage.reserved_to and usage.is_over(until) and bucket_of(usage.id) in buckets
        }
        return tuple(over[key] for key in sorted(over) if after is None or key > after)[:limit]


def check_units_are_free(store: MemoryStore, order: Order) -> None:
    """Do what the unique index does in a database.

    Raises:
        UnitInUse: another order of the merchant has a unit of this one's.
    """
    taken = {
        usage.unit_id
        for usage in _usages(store)
        if usage.is_active and usage.merchant_id == order.merchant_id and usage.order_id != order.id
    }
    for usage in sorted(order.seating.usages, key=lambda usage: usage.unit_id):
        if usage.is_active and usage.unit_id in taken:
            raise UnitInUse(unit_id=usage.unit_id)


def _usages(store: MemoryStore) -> Iterator[Usage]:
    return (usage for order in store.orders.values() for usage in order.seating.usages)


def _shows(which: UsageFilter, usage: Usage) -> bool:
    return (
        usage.status is which.status
        and which.unit_id in (None, usage.unit_id)
        and which.zone_id in (None, usage.zone_id)
    )
