"""Seat an order's guests: what can be done to its usages, as pure functions of the order (contract §5)."""

from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from sale_domain.allocation_errors import ReservationOver, TooManyUnits, UnitNamedTwice
from sale_domain.allocations import TABLE, Told, Usage
from sale_domain.errors import IllegalTransition
from sale_domain.feed import FeedEntry
from sale_domain.ids import UnitId, UsageId, ZoneId
from sale_domain.order_change import Change
from sale_domain.order_lifecycle import ORDER_LIFECYCLE
from sale_domain.orders import Order

MAX_UNITS = 100
"""How many units an order has at once, a large wedding's tables: its payment ends them all in one transaction."""

MAX_UNITS_EVER = 500
"""How many usages an order has in its life, ended ones too: what looks at them all stays short."""

ALLOCATE = "allocate"
"""How a refusal calls it."""


@attrs.frozen(kw_only=True)
class Units:
    """Units to be taken together: all or none of them.

    Attributes:
        type: What they are, in the merchant's own words.
        reserved_to: When they are free again by themselves; None: never.
    """

    unit_ids: tuple[UnitId, ...]
    zone_id: ZoneId | None = None
    type: str = TABLE
    reserved_to: datetime | None = None


def allocate(order: Order, units: Units, *, ids: Sequence[UsageId], at: datetime, by: str) -> Change:
    """Take units for an order that has not ended; the order itself does not change.

    That no other order has one of them is for the store to see.

    Raises:
        IllegalTransition: the order is COMPLETED or CANCELLED.
        ReservationOver: the units would be free again at once.
        TooManyUnits: the order would have too many at once, or in its life.
        UnitInUse: the order has one of them already.
        UnitNamedTwice: a unit is named twice.
    """
    if ORDER_LIFECYCLE.is_terminal(order.status):
        raise IllegalTransition(status=order.status.value, action=ALLOCATE)
    if units.reserved_to is not None and units.reserved_to <= at:
        raise ReservationOver(reserved_to=units.reserved_to, now=at)
    for place, unit_id in enumerate(units.unit_ids):
        if unit_id in units.unit_ids[:place]:
            raise UnitNamedTwice(unit_id=unit_id, place=place)
    if sum(usage.is_active for usage in order.seating.usages) + len(units.unit_ids) > MAX_UNITS:
        raise TooManyUnits(limit=MAX_UNITS)
    if len(order.seating.usages) + len(units.unit_ids) > MAX_UNITS_EVER:
        raise TooManyUnits(limit=MAX_UNITS_EVER, span="in its life")
    return _told(
        order,
        *(
            Usage(
                id=usage_id,
                merchant_id=order.merchant_id,
                order_id=order.id,
                unit_id=unit_id,
                zone_id=units.zone_id,
                type=units.type,
                started_at=at,
                reserved_to=units.reserved_to,
            ).started(by=by)
            for usage_id, unit_id in zip(ids, units.unit_ids, strict=True)
        ),
    )


def change_usage(order: Order, usage_id: UsageId, act: Callable[[Usage], Told]) -> Change:
    """Do something to one usage; the order itself does not change.

    Raises:
        NotFound: the order has no such usage.
        SaleError: whatever `act` raises.
        UnitInUse: another usage of the order has the unit.
    """
    return _told(order, act(order.seating.usage(usage_id)))


def expire_due(order: Order, *, at: datetime, by: str) -> Change:
    """End every usage whose time has come."""
    return _told(order, *(usage.expire(at=at, by=by) for usage in order.seating.usages if usage.is_over(at)))


def _told(order: Order, *told: Told) -> Change:
    seating, entries = order.seating, list[FeedEntry]()
    for usage, its in told:
        seating = seating.with_usage(usage)
        entries += its
    return Change(order=attrs.evolve(order, seating=seating), entries=tuple(entries))
