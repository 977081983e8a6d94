"""Allocation usages at rest, looked at across orders; they change with their order alone (`Orders.change`)."""

from datetime import datetime
from typing import Protocol

import attrs

from sale_domain.allocations import Usage
from sale_domain.ids import MerchantId, OrderId, UnitId, UsageId, ZoneId
from sale_domain.usage_lifecycle import UsageStatus


@attrs.frozen(kw_only=True)
class UsageFilter:
    """Which usages a list shows; None means all units, or all zones."""

    status: UsageStatus = UsageStatus.ACTIVE
    unit_id: UnitId | None = None
    zone_id: ZoneId | None = None


@attrs.frozen(kw_only=True)
class UsagePage:
    """Usages, newest first; `next_after` is where the next page begins, None on the last."""

    usages: tuple[Usage, ...]
    next_after: UsageId | None
    feed_seq: int


class AllocationUsages(Protocol):
    """Usages at rest. Every method may raise `StoreUnavailable`."""

    async def find_many(
        self, which: UsageFilter, *, merchant_id: MerchantId, after: UsageId | None, limit: int
    ) -> UsagePage:
        """Read a page of a merchant's usages, newest first."""

    async def order_of(self, usage_id: UsageId, *, merchant_id: MerchantId) -> OrderId:
        """Return the order that a usage belongs to, for ever.

        Raises:
            NotFound: there is no such usage, or it is another merchant's.
        """

    async def due(
        self, buckets: range, *, until: datetime, after: tuple[datetime, UsageId] | None = None, limit: int
    ) -> tuple[Usage, ...]:
        """Read ACTIVE usages that are reserved to this time or an earlier one, by that time and id.

        `after` leaves out all up to that one.
        """
