"""Allocation usages: which units (tables, rooms) an order's guests have, and what becomes of that (contract §5)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

import attrs

from sale_domain.allocation_errors import UnitInUse
from sale_domain.documents import JsonObject
from sale_domain.errors import NotFound
from sale_domain.event_json import instant
from sale_domain.feed import FeedAction, FeedEntry, Topic
from sale_domain.ids import MerchantId, OrderId, UnitId, UsageId, ZoneId
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.usage_lifecycle import USAGE_LIFECYCLE, UsageAction, UsageStatus

TABLE = "TABLE"
"""What a unit is unless it is said otherwise."""

_TOLD_AS: Mapping[UsageAction, FeedAction] = {
    UsageAction.MOVE: FeedAction.USAGE_MOVED,
    UsageAction.COMPLETE: FeedAction.USAGE_COMPLETED,
    UsageAction.CANCEL: FeedAction.USAGE_CANCELLED,
    UsageAction.EXPIRE: FeedAction.USAGE_EXPIRED,
}
_ENDS_WITH_ITS_ORDER: Mapping[OrderStatus, UsageAction] = {
    OrderStatus.COMPLETED: UsageAction.COMPLETE,
    OrderStatus.CANCELLED: UsageAction.CANCEL,
}

Told = tuple["Usage", tuple[FeedEntry, ...]]
"""A usage as it is now, and what is told of it; nothing is told when nothing has changed."""


@attrs.frozen(kw_only=True)
class Usage:
    """An order's use of one unit; every action returns the usage as it is then, and leaves this value as it was.

    Attributes:
        type: What the unit is, in the merchant's own words.
        version: 1 when started, one more with every command that changes something.
        reserved_to: When it expires by itself; None: never.
    """

    id: UsageId
    merchant_id: MerchantId
    order_id: OrderId
    unit_id: UnitId
    zone_id: ZoneId | None = None
    type: str = TABLE
    status: UsageStatus = USAGE_LIFECYCLE.initial
    version: int = 1
    started_at: datetime
    reserved_to: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Tell whether the unit is taken."""
        return self.status is UsageStatus.ACTIVE

    def is_over(self, at: datetime) -> bool:
        """Tell whether the unit is still taken though its time has come."""
        return self.is_active and self.reserved_to is not None and self.reserved_to <= at

    def started(self, *, by: str) -> Told:
        """Tell of a new usage."""
        return self, (self._entry(FeedAction.USAGE_CREATED, None, at=self.started_at, by=by),)

    def move(self, unit_id: UnitId, *, at: datetime, by: str) -> Told:
        """Take another unit instead; the same one again changes nothing.

        Raises:
            IllegalTransition: the usage has ended.
        """
        moved = self._moved(UsageAction.MOVE, unit_id=unit_id)
        if unit_id == self.unit_id:
            return self, ()
        return self._told(moved, UsageAction.MOVE, at=at, by=by, data={"fromUnitId": self.unit_id})

    def complete(self, *, at: datetime, by: str) -> Told:
        """End it well: the guests have left.

        Raises:
            IllegalTransition: the usage has ended.
        """
        return self._ended(UsageAction.COMPLETE, at=at, by=by)

    def cancel(self, *, reason: str | None, at: datetime, by: str) -> Told:
        """Give it up.

        Raises:
            IllegalTransition: the usage has ended.
        """
        return self._ended(UsageAction.CANCEL, at=at, by=by, reason=reason)

    def expire(self, *, at: datetime, by: str) -> Told:
        """End it because its time has come.

        Raises:
            IllegalTransition: the usage has ended.
        """
        return self._ended(UsageAction.EXPIRE, at=at, by=by)

    def document(self) -> JsonObject:
        """Return the usage as checkout's snapshot keeps it (C23)."""
        return {
            "id": self.id,
            "version": self.version,
            "unitId": self.unit_id,
            "zoneId": self.zone_id,
            "type": self.type,
            "status": self.status.value,
            "startedAt": instant(self.started_at),
            "reservedTo": None if self.reserved_to is None else instant(self.reserved_to),
            "endedAt": None if self.ended_at is None else instant(self.ended_at),
        }

    def _ended(self, action: UsageAction, *, at: datetime, by: str, reason: str | None = None) -> Told:
        # Clocks of two replicas may differ; nothing ends before it began.
        ended = self._moved(action, ended_at=max(at, self.started_at))
        return self._told(ended, action, at=at, by=by, reason=reason)

    def _moved(self, action: UsageAction, **changes: Any) -> "Usage":  # noqa: ANN401 - attrs.evolve's own
        """Apply an action: the only writer of `status`."""
        return attrs.evolve(self, status=USAGE_LIFECYCLE.after(self.status, action), **changes)

    def _told(
        self,
        usage: "Usage",
        action: UsageAction,
        *,
        at: datetime,
        by: str,
        reason: str | None = None,
        data: JsonObject | None = None,
    ) -> Told:
        """Raise the version, and tell of it once."""
        new = attrs.evolve(usage, version=self.version + 1)
        at = max(at, self.started_at)
        return new, (new._entry(_TOLD_AS[action], self.status, at=at, by=by, reason=reason, data=data),)

    def _entry(
        self,
        action: FeedAction,
        since: UsageStatus | None,
        *,
        at: datetime,
        by: str,
        reason: str | None = None,
        data: JsonObject | None = None,
    ) -> FeedEntry:
        return FeedEntry(
            topic=Topic.ALLOCATION_USAGE,
            action=action,
            thing_id=self.id,
            version=self.version,
            status=self.status.value,
            from_status=since.value if since else None,
            at=at,
            by=by,
            reason=reason,
            # A screen shows one room of the house, so every entry says where it belongs.
            data={"saleOrderId": self.order_id, "unitId": self.unit_id, "zoneId": self.zone_id, **(data or {})},
        )


@attrs.frozen
class Seating:
    """The usages of an order, those that have ended too, oldest first."""

    _usages: tuple[Usage, ...] = ()

    @property
    def usages(self) -> tuple[Usage, ...]:
        """Return them all; what was not read refuses (`UnreadSeating`), and so does all that looks at them."""
        return self._usages

    def usage(self, usage_id: UsageId) -> Usage:
        """Return a usage.

        Raises:
            NotFound: the order has no such usage.
        """
        for usage in self.usages:
            if usage.id == usage_id:
                return usage
        raise NotFound(thing="allocation usage")

    def with_usage(self, usage: Usage) -> "Seating":
        """Return the seating with a usage put in, or put in its former self's place.

        Raises:
            UnitInUse: another usage of the order has the unit.
        """
        others = [other for other in self.usages if other.id != usage.id]
        if usage.is_active and any(other.is_active and other.unit_id == usage.unit_id for other in others):
            raise UnitInUse(unit_id=usage.unit_id)
        return Seating(tuple(sorted((*others, usage), key=lambda each: each.id)))

    def units(self, *, given_up: bool) -> tuple[UnitId, ...]:
        """Return where the guests are, or else where they were last, as it is called now: a cook asks for it.

        A usage that was cancelled by itself names no place that anybody was at; cancelled with its order (`given_up`),
        it tells whose dish is on the stove.
        """
        ended = [usage for usage in self.usages if given_up or usage.status is not UsageStatus.CANCELLED]
        last = max((usage.ended_at for usage in ended if usage.ended_at is not None), default=None)
        now = [usage for usage in self.usages if usage.is_active] or [each for each in ended if each.ended_at == last]
        return tuple(dict.fromkeys(usage.unit_id for usage in now))

    def following(
        self, order: OrderStatus, *, at: datetime, by: str, reason: str | None
    ) -> tuple["Seating", tuple[FeedEntry, ...]]:
        """End what is ACTIVE when the order ends: with SUCCESS when it was paid, else CANCELLED."""
        action, seating, entries = _ENDS_WITH_ITS_ORDER.get(order), self, list[FeedEntry]()
        for usage in self.usages if action else ():
            if action and usage.is_active:
                ended, told = usage._ended(action, at=at, by=by, reason=reason)
                seating = seating.with_usage(ended)
                entries += told
        return seating, tuple(entries)


@attrs.frozen
class UnreadSeating(Seating):
    """The seating of an order that was locked without it: nobody knows where its guests are, so nobody may ask."""

    @property
    def usages(self) -> NoReturn:
        """Refuse: it is a bug to come here."""
        raise AssertionError("the seating was not read")
