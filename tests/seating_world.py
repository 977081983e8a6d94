"""What waiters decide about tables, for tests of stores."""

from collections.abc import Callable
from datetime import datetime, timedelta

from orders_world import MORNING, fresh_id
from sale_domain.allocations import Told, Usage
from sale_domain.ids import UnitId, UsageId, ZoneId, bucket_of
from sale_domain.orders import Order
from sale_domain.ports.orders import Decide, Decision
from sale_domain.seating import Units, allocate, change_usage

NOON = MORNING + timedelta(hours=4)


def taking(*names: str, zone: str | None = "garden", hours: float | None = None, at: datetime = MORNING) -> Decide:
    """Decide to take tables, for some hours or for good."""

    def decide(order: Order) -> Decision:
        units = Units(
            unit_ids=tuple(map(UnitId, names)),
            zone_id=None if zone is None else ZoneId(zone),
            reserved_to=None if hours is None else at + timedelta(hours=hours),
        )
        ids = tuple(UsageId(fresh_id(bucket_of(order.id))) for _ in names)
        return Decision(change=allocate(order, units, ids=ids, at=at, by="lan"))

    return decide


def doing(usage_id: UsageId, act: Callable[[Usage], Told]) -> Decide:
    """Decide to do something to a usage."""
    return lambda order: Decision(change=change_usage(order, usage_id, act))


def leaving(usage_id: UsageId) -> Decide:
    """Decide to end a usage well, at noon."""
    return doing(usage_id, lambda usage: usage.complete(at=NOON, by="lan"))


def moving(usage_id: UsageId, to: str) -> Decide:
    """Decide to move a usage, at noon."""
    return doing(usage_id, lambda usage: usage.move(UnitId(to), at=NOON, by="lan"))
