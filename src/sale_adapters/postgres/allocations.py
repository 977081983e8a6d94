"""Allocation usages on PostgreSQL, looked at across orders."""

from datetime import UTC, datetime

from sale_adapters.postgres import usage_sql
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.feed_numbers import feed_seq, number_in
from sale_adapters.postgres.usage_rows import usage_of
from sale_domain.allocations import Usage
from sale_domain.errors import NotFound
from sale_domain.ids import MerchantId, OrderId, UsageId, bucket_of, merchant_bucket
from sale_domain.ports.allocations import UsageFilter, UsagePage

_BEFORE_ALL = (datetime(1, 1, 1, tzinfo=UTC), UsageId(""))


class PostgresAllocationUsages:
    """The `AllocationUsages` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_many(
        self, which: UsageFilter, *, merchant_id: MerchantId, after: UsageId | None, limit: int
    ) -> UsagePage:
        """See `AllocationUsages`."""
        wanted = {"unit_id": which.unit_id, "zone_id": which.zone_id, "after": after}
        given = {name: value for name, value in wanted.items() if value is not None}
        mine = {"bucket": merchant_bucket(merchant_id), "merchant_id": merchant_id}
        page = usage_sql.page(frozenset(given))
        feed, found = await self._database.read(
            feed_seq(merchant_id),
            # One more than is wanted tells whether there is a next page.
            page(**mine, **given, status=which.status.value, limit=limit + 1),
        )
        usages = tuple(map(usage_of, found[:limit]))
        return UsagePage(
            usages=usages,
            next_after=usages[-1].id if usages and len(found) > limit else None,
            feed_seq=number_in(feed),
        )

    async def order_of(self, usage_id: UsageId, *, merchant_id: MerchantId) -> OrderId:
        """See `AllocationUsages`."""
        try:
            bucket = bucket_of(usage_id)
        except ValueError:
            raise NotFound(thing="allocation usage") from None
        (found,) = await self._database.read(usage_sql.ORDER_OF(bucket=bucket, id=usage_id, merchant_id=merchant_id))
        if not found:
            raise NotFound(thing="allocation usage")
        return OrderId(found[0]["order_id"])

    async def due(
        self, buckets: range, *, until: datetime, after: tuple[datetime, UsageId] | None = None, limit: int
    ) -> tuple[Usage, ...]:
        """See `AllocationUsages`."""
        time, usage_id = after or _BEFORE_ALL
        (found,) = await self._database.read(
            usage_sql.DUE(
                first=buckets.start, stop=buckets.stop, until=until, after_time=time, after_id=usage_id, limit=limit
            )
        )
        return tuple(map(usage_of, found))
