"""Tables of the phở shop: seated orders that tests of the heart share."""

from datetime import datetime
from itertools import count

from sale_domain.allocations import Usage
from sale_domain.ids import UnitId, UsageId, ZoneId
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.seating import Units, allocate
from shop import MORNING

_numbers = count(1)


def units(*names: str, zone: str | None = "garden", reserved_to: datetime | None = None) -> Units:
    """Ask for tables in the garden."""
    return Units(
        unit_ids=tuple(map(UnitId, names)), zone_id=None if zone is None else ZoneId(zone), reserved_to=reserved_to
    )


def take(
    order: Order, *names: str, at: datetime = MORNING, reserved_to: datetime | None = None, by: str = "lan"
) -> Change:
    """Take tables in the garden."""
    ids = tuple(UsageId(f"usage-{next(_numbers):04}") for _ in names)
    return allocate(order, units(*names, reserved_to=reserved_to), ids=ids, at=at, by=by)


def seated(order: Order, *names: str) -> Order:
    """Return the order with tables."""
    return take(order, *names).order


def at_table(order: Order, name: str) -> Usage:
    """Return the usage of a table, the last one if there were several."""
    return [usage for usage in order.seating.usages if usage.unit_id == name][-1]
