"""A second opinion on a whole house, its orders and who has which table: plain lists, no code of Sale's."""

from typing import NamedTuple

import attrs

from order_model import ModelOrder


class UsageEntry(NamedTuple):
    """What screens are told of a usage."""

    usage: int
    action: str
    came_from: str | None
    to: str
    version: int
    unit: str


@attrs.define(kw_only=True)
class ModelUsage:
    """An order's use of a unit; `due` is the minute at which it expires."""

    order: int
    unit: str
    due: int | None
    status: str = "ACTIVE"
    version: int = 1


@attrs.define(kw_only=True)
class ModelHouse:
    """A house with orders and units, and everything that must be seen of them."""

    orders: list[ModelOrder] = attrs.field(factory=list)
    usages: list[ModelUsage] = attrs.field(factory=list)
    told: list[UsageEntry] = attrs.field(factory=list)
    minute: int = 0

    @property
    def taken(self) -> dict[str, int]:
        """Return the units that are in use, with their usages."""
        return {usage.unit: n for n, usage in enumerate(self.usages) if usage.status == "ACTIVE"}

    def allocate(self, order: int, units: list[str], due: int | None) -> int:
        """Return the status code that taking units gets: all of them or none."""
        if self.orders[order].status in ("COMPLETED", "CANCELLED"):
            return 409
        if len(set(units)) < len(units) or (due is not None and due <= self.minute):
            return 422
        if any(unit in self.taken for unit in units):
            return 409
        for unit in units:
            self.usages.append(ModelUsage(order=order, unit=unit, due=due))
            self._tell(len(self.usages) - 1, "USAGE_CREATED", None)
        return 201

    def move(self, n: int, unit: str) -> int:
        """Return the status code that a move gets; to the same unit it changes nothing."""
        usage = self.usages[n]
        if usage.status != "ACTIVE":
            return 409
        if unit == usage.unit:
            return 200
        if unit in self.taken:
            return 409
        usage.unit = unit
        usage.version += 1
        self._tell(n, "USAGE_MOVED", "ACTIVE")
        return 200

    def end(self, n: int, status: str) -> int:
        """Return the status code that an end gets."""
        if self.usages[n].status != "ACTIVE":
            return 409
        self._end(n, status)
        return 200

    def expire(self) -> None:
        """End whatever is due."""
        for n, usage in enumerate(self.usages):
            if usage.status == "ACTIVE" and usage.due is not None and usage.due <= self.minute:
                self._end(n, "EXPIRED")

    def follow(self, order: int) -> None:
        """End the usages of an order that has ended."""
        ends = {"COMPLETED": "SUCCESS", "CANCELLED": "CANCELLED"}
        if status := ends.get(self.orders[order].status):
            for n, usage in enumerate(self.usages):
                if usage.order == order and usage.status == "ACTIVE":
                    self._end(n, status)

    def _end(self, n: int, status: str) -> None:
        usage = self.usages[n]
        usage.status = status
        usage.version += 1
        words = {"SUCCESS": "USAGE_COMPLETED", "CANCELLED": "USAGE_CANCELLED", "EXPIRED": "USAGE_EXPIRED"}
        self._tell(n, words[status], "ACTIVE")

    def _tell(self, n: int, action: str, came_from: str | None) -> None:
        usage = self.usages[n]
        self.told.append(UsageEntry(n, action, came_from, usage.status, usage.version, usage.unit))
