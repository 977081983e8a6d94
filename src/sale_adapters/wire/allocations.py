"""Allocation usages over HTTP: what callers send and see (contract §9)."""

from datetime import datetime

import attrs

from sale_adapters.wire.refusals import InvalidInput
from sale_adapters.wire.scalars import Cursor, Instant, PageSize, Text, cursor
from sale_domain.allocations import TABLE, Usage
from sale_domain.ids import UnitId, UsageId, ZoneId
from sale_domain.ports.allocations import UsageFilter, UsagePage
from sale_domain.seating import Units
from sale_domain.usage_lifecycle import UsageStatus
from sale_domain.views import OrderView

MAX_UNITS = 50
"""How many units one request takes; an order may have more (`seating.MAX_UNITS`)."""

_TABLE = Text(TABLE)
_FIFTY = PageSize(50)


@attrs.frozen(kw_only=True)
class AllocateBody:
    """Units to take.

    Attributes:
        unit_ids: 1 to 50 units, all or none.
        zone_id: Where they stand, in the merchant's own words.
        type: What they are, in the merchant's own words.
        reserved_to: When they are free again by themselves; unless given, never.
    """

    unit_ids: tuple[Text, ...] = attrs.field(metadata={"minItems": 1, "maxItems": MAX_UNITS})
    zone_id: Text | None = None
    type: Text = _TABLE
    reserved_to: Instant | None = None

    def request(self) -> Units:
        """Return what is asked for.

        Raises:
            InvalidInput: there are no units, or too many.
        """
        if not 1 <= len(self.unit_ids) <= MAX_UNITS:
            raise InvalidInput.at("/unitIds", f"must have 1 to {MAX_UNITS} elements")
        return Units(
            unit_ids=tuple(map(UnitId, self.unit_ids)),
            zone_id=None if self.zone_id is None else ZoneId(self.zone_id),
            type=self.type,
            reserved_to=self.reserved_to,
        )


@attrs.frozen(kw_only=True)
class CancelUsageBody:
    """Why a usage is given up."""

    reason: Text | None = None


@attrs.frozen(kw_only=True)
class MoveUsageBody:
    """The unit to take instead."""

    unit_id: Text


@attrs.frozen(kw_only=True)
class UsageQuery:
    """Which usages a list shows (ACTIVE ones unless said otherwise), and which page of it.

    Attributes:
        zone_id: Only those in this zone.
        unit_id: Only those of this unit.
        status: Only those in this status.
        limit: How many a page has at most.
        cursor: Where the page begins.
    """

    zone_id: Text | None = None
    unit_id: Text | None = None
    status: UsageStatus = UsageStatus.ACTIVE
    limit: PageSize = _FIFTY
    cursor: Cursor | None = None

    def filter(self) -> UsageFilter:
        """Return which usages are asked for."""
        return UsageFilter(
            status=self.status,
            unit_id=None if self.unit_id is None else UnitId(self.unit_id),
            zone_id=None if self.zone_id is None else ZoneId(self.zone_id),
        )

    @property
    def after(self) -> UsageId | None:
        """Return where the page begins."""
        return None if self.cursor is None else UsageId(self.cursor)


@attrs.frozen(kw_only=True)
class UsageBody:
    """An order's use of one unit.

    Attributes:
        version: 1 when started, one more with every command that changes something; what If-Match names.
        unit_id: The table, or whatever it is.
        zone_id: Where it stands, in the merchant's own words.
        type: What the unit is, in the merchant's own words.
        status: ACTIVE, SUCCESS (the guests have left), CANCELLED or EXPIRED.
        reserved_to: When it expires by itself; null: never.
        ended_at: Null while it is ACTIVE.
    """

    id: str
    version: int
    merchant_id: str
    sale_order_id: str
    unit_id: str
    zone_id: str | None
    type: str
    status: str
    started_at: datetime
    reserved_to: datetime | None
    ended_at: datetime | None


@attrs.frozen(kw_only=True)
class UsagesBody:
    """The usages that a request has started, in the order of their units in it."""

    usages: tuple[UsageBody, ...]


@attrs.frozen(kw_only=True)
class UsageListBody:
    """A page of usages, newest first.

    Attributes:
        next_cursor: What `cursor` is to be for the next page; null on the last one.
    """

    items: tuple[UsageBody, ...]
    next_cursor: str | None


def usage_body(usage: Usage) -> UsageBody:
    """Return a usage as callers see it."""
    return UsageBody(
        id=usage.id,
        version=usage.version,
        merchant_id=usage.merchant_id,
        sale_order_id=usage.order_id,
        unit_id=usage.unit_id,
        zone_id=usage.zone_id,
        type=usage.type,
        status=usage.status.value,
        started_at=usage.started_at,
        reserved_to=usage.reserved_to,
        ended_at=usage.ended_at,
    )


def started_body(view: OrderView) -> UsagesBody:
    """Return the usages that a command has just started."""
    return UsagesBody(
        usages=tuple(usage_body(usage) for usage in view.order.seating.usages if usage.id in view.touched)
    )


def usage_list_body(page: UsagePage) -> UsageListBody:
    """Return a page of usages as callers see it."""
    return UsageListBody(
        items=tuple(map(usage_body, page.usages)),
        # Every id of ours is a place to go on from.
        next_cursor=None if page.next_after is None else cursor(page.next_after),
    )
