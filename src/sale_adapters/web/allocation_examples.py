"""Two tables in the garden, as the documentation shows them."""

from datetime import UTC, datetime

from sale_adapters.wire.allocations import UsageBody, UsageListBody, UsagesBody, usage_body, usage_list_body
from sale_domain.ids import UnitId, UsageId, ZoneId
from sale_domain.orders import Order
from sale_domain.ports.allocations import UsagePage
from sale_domain.seating import Units, allocate

_AT = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
_IDS = (UsageId("01KE6YB4M0000000000000000626"), UsageId("01KE6YB4M0000000000000000726"))


def allocation_examples(order: Order) -> dict[type, object]:
    """Return an example of every answer about the tables of an order, by its class."""
    wanted = Units(unit_ids=(UnitId("table-4"), UnitId("table-5")), zone_id=ZoneId("garden"))
    usages = allocate(order, wanted, ids=_IDS, at=_AT, by="user-lan").order.seating.usages
    return {
        UsageBody: usage_body(usages[0]),
        UsagesBody: UsagesBody(usages=tuple(map(usage_body, usages))),
        UsageListBody: usage_list_body(UsagePage(usages=tuple(usages), next_after=None, feed_seq=2)),
    }
