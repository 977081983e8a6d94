"""A second opinion on what the kitchen has of an order: plain lists, written from the contract, no code of Sale's."""

from typing import NamedTuple

import attrs

NEXT = {
    ("PENDING", "cook"): "COOKING",
    ("COOKING", "finish"): "READY",
    ("READY", "serve"): "SERVED",
    ("READY", "recall"): "COOKING",
    ("PENDING", "void"): "VOIDED",
    ("COOKING", "void"): "VOIDED",
    ("READY", "void"): "VOIDED",
}


class KitchenEvent(NamedTuple):
    """An outbox row of the kitchen, as far as the model cares: which item, counted from 0, and its step."""

    item: int
    previous: str
    status: str


@attrs.define(kw_only=True, eq=False)
class ModelLine:
    """So many of one thing."""

    item: str
    note: str | None
    quantity: int


@attrs.define(kw_only=True, eq=False)
class ModelItem:
    """So many of one line in the kitchen."""

    number: int
    line: ModelLine
    quantity: int
    status: str = "PENDING"


@attrs.define(kw_only=True, eq=False)
class ModelTicket:
    """What was sent at once."""

    items: list[ModelItem]
    version: int = 1
    rush: bool = False
    order_cancelled: bool = False

    @property
    def status(self) -> str:
        """What the items say, the voided ones left out."""
        return folded([item.status for item in self.items])


def folded(statuses: list[str]) -> str:
    """Return the status of a ticket whose items have these."""
    left = {status for status in statuses if status != "VOIDED"}
    if not left:
        return "VOIDED"
    if left == {"SERVED"}:
        return "COMPLETED"
    if left <= {"READY", "SERVED"}:
        return "READY"
    return "PENDING" if left == {"PENDING"} else "PROCESSING"


@attrs.define(kw_only=True)
class ModelKitchen:
    """Every ticket of one order."""

    tickets: list[ModelTicket] = attrs.field(factory=list)

    @property
    def items(self) -> list[ModelItem]:
        """All items, in the order in which they were sent."""
        return [item for ticket in self.tickets for item in ticket.items]

    def sent(self, line: ModelLine) -> int:
        """How many of a line the kitchen has and has not voided."""
        return sum(item.quantity for item in self.items if item.line is line and item.status != "VOIDED")

    def send(self, lines: list[ModelLine], place: int | None, quantity: int) -> int:
        """Return the status code that a sending gets: of one line, or of all that is unsent when no place is named."""
        unsent = [(line, line.quantity - self.sent(line)) for line in lines if line.quantity > self.sent(line)]
        if not unsent:
            return 409
        if place is not None:
            if self.sent(lines[place]) + quantity > lines[place].quantity:
                return 409
            unsent = [(lines[place], quantity)]
        first = len(self.items)
        items = [ModelItem(number=first + n, line=line, quantity=count) for n, (line, count) in enumerate(unsent)]
        self.tickets.append(ModelTicket(items=items))
        return 201

    def act(self, number: int, action: str) -> list[KitchenEvent] | None:
        """Move one item and return its event; None when that is not possible."""
        (ticket,) = (ticket for ticket in self.tickets if any(item.number == number for item in ticket.items))
        item = self.items[number]
        if (item.status, action) not in NEXT:
            return None
        ticket.version += 1
        return [self._moved(item, action)]

    def void(self, place: int) -> list[KitchenEvent] | None:
        """Void what can be voided of a ticket; None when nothing can."""
        ticket = self.tickets[place]
        if ticket.status in ("COMPLETED", "VOIDED"):
            return None
        ticket.version += 1
        return [self._moved(item, "void") for item in ticket.items if (item.status, "void") in NEXT]

    def rush(self, place: int) -> int:
        """Return the status code that a rush gets."""
        ticket = self.tickets[place]
        if ticket.status in ("COMPLETED", "VOIDED"):
            return 409
        ticket.version += not ticket.rush
        ticket.rush = True
        return 200

    def abandon(self) -> list[KitchenEvent]:
        """Void what is pending, because the order was given up."""
        for ticket in self.tickets:
            ticket.order_cancelled = True
            ticket.version += 1
        return [self._moved(item, "void") for item in self.items if item.status == "PENDING"]

    def _moved(self, item: ModelItem, action: str) -> KitchenEvent:
        previous, item.status = item.status, NEXT[item.status, action]
        return KitchenEvent(item.number, previous, item.status)
