"""A second opinion on who has which table: plain lists, written from the contract, sharing no code with Sale."""

from typing import NamedTuple

import attrs

TOTAL = 130_000
"""What every order costs."""


class Entry(NamedTuple):
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
class ModelOrder:
    """As much of an order as tables care about."""

    status: str = "DRAFT"
    version: int = 1
    received: int = 0

    def follow_the_money(self) -> None:
        """Go on as far as what was received takes it."""
        if self.status in ("PROCESSING", "PARTIAL") and self.received:
            self.status = "COMPLETED" if self.received >= TOTAL else "PARTIAL"


@attrs.define(kw_only=True)
class SeatingModel:
    """A house with orders and units, and everything that must be seen of them."""

    orders: list[ModelOrder] = attrs.field(factory=list)
    usages: list[ModelUsage] = attrs.field(factory=list)
    told: list[Entry] = attrs.field(factory=list)
    minute: int = 0

    @property
    def taken(self) -> dict[str, int]:
        """Return the units that are in use, with their usages."""
        return {usage.unit: n for n, usage in enumerate(self.usages) if usage.status == "ACTIVE"}

    def open(self) -> None:
        """Open an order."""
        self.orders.append(ModelOrder())

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

    def check_out(self, order: int) -> int:
        """Return the status code that a checkout gets; money that is there already takes the order further."""
        if self.orders[order].status != "DRAFT":
            return 409
        self._change(order, "PROCESSING")
        return 200

    def pay(self, order: int, amount: int) -> None:
        """Let new money come in, which is never refused."""
        self.orders[order].received += amount
        self._change(order, self.orders[order].status)

    def cancel(self, order: int) -> int:
        """Return the status code that a cancellation gets."""
        if self.orders[order].status in ("COMPLETED", "CANCELLED"):
            return 409
        self._change(order, "CANCELLED")
        return 200

    def _change(self, order: int, to: str) -> None:
        """Let an order go on; with it end its usages."""
        changed = self.orders[order]
        changed.status = to
        changed.version += 1
        changed.follow_the_money()
        ends = {"COMPLETED": "SUCCESS", "CANCELLED": "CANCELLED"}
        for n, usage in enumerate(self.usages):
            if changed.status in ends and usage.order == order and usage.status == "ACTIVE":
                self._end(n, ends[changed.status])

    def _end(self, n: int, status: str) -> None:
        usage = self.usages[n]
        usage.status = status
        usage.version += 1
        words = {"SUCCESS": "USAGE_COMPLETED", "CANCELLED": "USAGE_CANCELLED", "EXPIRED": "USAGE_EXPIRED"}
        self._tell(n, words[status], "ACTIVE")

    def _tell(self, n: int, action: str, came_from: str | None) -> None:
        usage = self.usages[n]
        self.told.append(Entry(n, action, came_from, usage.status, usage.version, usage.unit))
