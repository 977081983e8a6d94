"""What can be asked of tables and other units."""

from collections.abc import Sequence
from datetime import datetime

from sale_adapters.client.answers import Pages
from sale_adapters.client.arguments import place
from sale_adapters.client.listing import ListCalls
from sale_adapters.client.requests import said
from sale_adapters.wire.allocations import UsageBody, UsageListBody, UsagesBody
from sale_domain.usage_lifecycle import UsageStatus

_USAGES = "allocation-usages"


class TableCalls(ListCalls):
    """Every command and query on the usages of units."""

    async def allocate(
        self,
        order_id: str,
        unit_ids: Sequence[str],
        *,
        zone_id: str | None = None,
        unit_type: str | None = None,
        reserved_to: datetime | None = None,
        key: str | None = None,
        if_match: int | None = None,
    ) -> tuple[UsageBody, ...]:
        """Take units for an order, all or none; tables unless another type is given."""
        body = said(unit_ids=tuple(unit_ids), zone_id=zone_id, type=unit_type, reserved_to=reserved_to)
        path = place("sale-orders", order_id, "allocations")
        return (await self._post(path, body, key=key, if_match=if_match)).read(UsagesBody).usages

    def usages(
        self,
        *,
        zone_id: str | None = None,
        unit_id: str | None = None,
        status: UsageStatus | None = None,
        page_size: int | None = None,
    ) -> Pages[UsageBody]:
        """List usages, newest first; those that are ACTIVE unless a status is named."""
        query = said(zone_id=zone_id, unit_id=unit_id, status=status, limit=page_size)
        return self._pages(place(_USAGES), query, UsageListBody)

    async def complete_usage(self, usage_id: str, *, key: str | None = None, if_match: int | None = None) -> UsageBody:
        """End a usage well: the guests have left."""
        path = place(_USAGES, usage_id, "complete")
        return (await self._post(path, {}, key=key, if_match=if_match)).read(UsageBody)

    async def cancel_usage(
        self, usage_id: str, *, reason: str | None = None, key: str | None = None, if_match: int | None = None
    ) -> UsageBody:
        """Give a usage up."""
        path = place(_USAGES, usage_id, "cancel")
        return (await self._post(path, said(reason=reason), key=key, if_match=if_match)).read(UsageBody)

    async def move_usage(
        self, usage_id: str, *, unit_id: str, key: str | None = None, if_match: int | None = None
    ) -> UsageBody:
        """Take another unit instead."""
        path = place(_USAGES, usage_id, "move")
        return (await self._post(path, said(unit_id=unit_id), key=key, if_match=if_match)).read(UsageBody)
