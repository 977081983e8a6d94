"""Allocation usages as rows: read, and written by what has changed."""

from collections.abc import Iterator, Sequence

from sale_adapters.postgres import usage_sql as sql
from sale_adapters.postgres.trips import Query, Row
from sale_domain.allocation_errors import UnitInUse
from sale_domain.allocations import Seating, Usage
from sale_domain.ids import MerchantId, OrderId, UnitId, UsageId, ZoneId, bucket_of
from sale_domain.usage_lifecycle import UsageStatus


def usage_of(row: Row) -> Usage:
    """Return the usage that a row says."""
    return Usage(
        id=UsageId(row["id"]),
        merchant_id=MerchantId(row["merchant_id"]),
        order_id=OrderId(row["order_id"]),
        unit_id=UnitId(row["unit_id"]),
        zone_id=None if row["zone_id"] is None else ZoneId(row["zone_id"]),
        type=row["type"],
        status=UsageStatus(row["status"]),
        version=row["version"],
        started_at=row["started_at"],
        reserved_to=row["reserved_to"],
        ended_at=row["ended_at"],
    )


def seating_of(rows: Sequence[Row]) -> Seating:
    """Return the seating of an order whose usages' rows these are, oldest first."""
    return Seating(tuple(map(usage_of, rows)))


def usage_writes(old: Seating, new: Seating) -> Iterator[Query]:
    """Yield what turns one seating into the other.

    Units are taken in the order of their names, so that two orders which want the same ones meet at the first, and not
    crosswise.
    """
    if new == old:  # as ever when it was not read
        return
    known = {usage.id: usage for usage in old.usages}
    changed = (usage for usage in new.usages if usage != known.get(usage.id))
    for usage in sorted(changed, key=lambda usage: usage.unit_id):
        taken = UnitInUse(unit_id=usage.unit_id)
        if usage.id in known:
            yield sql.UPDATE(**_values(usage), key_bucket=bucket_of(usage.id), key_id=usage.id).or_taken(taken)
        else:
            yield sql.INSERT(**_values(usage)).or_taken(taken)


def _values(usage: Usage) -> dict[str, object]:
    return {
        "bucket": bucket_of(usage.id),
        "id": usage.id,
        "merchant_id": usage.merchant_id,
        "order_id": usage.order_id,
        "unit_id": usage.unit_id,
        "zone_id": usage.zone_id,
        "type": usage.type,
        "status": usage.status.value,
        "version": usage.version,
        "started_at": usage.started_at,
        "reserved_to": usage.reserved_to,
        "ended_at": usage.ended_at,
    }
