"""A second opinion on what an order is: plain numbers and lists, written from the contract, sharing no code with Sale.

Kept small enough to be believed by reading it.
"""

from typing import NamedTuple

import attrs

from kitchen_model import KitchenEvent, ModelKitchen, ModelLine

PRICES = {"variant-pho": 65_000, "variant-tra-da": 5_000, "variant-banh-mi": 30_000}


class Fact(NamedTuple):
    """What mq-pay may tell: `kind` is "success", "failed" or "settled"; an attempt may name its transaction."""

    kind: str
    attempt: str | None
    transaction: str | None
    amount: int


class Entry(NamedTuple):
    """A history row, as far as the model cares."""

    action: str
    came_from: str | None
    to: str
    version: int
    transition: int | None


class Event(NamedTuple):
    """An outbox row, as far as the model cares."""

    transition: int
    previous: str
    status: str
    paid: int
    attempts: frozenset[str]


@attrs.define(kw_only=True)
class ModelOrder:
    """One order, and everything that must be seen of it."""

    status: str = "DRAFT"
    total: int | None = None
    lines: list[ModelLine] = attrs.field(factory=list)
    facts: list[Fact] = attrs.field(factory=list)
    history: list[Entry] = attrs.field(factory=list)
    events: list[Event | KitchenEvent] = attrs.field(factory=list)
    kitchen: ModelKitchen = attrs.field(factory=ModelKitchen)

    @property
    def version(self) -> int:
        """Every command that changes something is one version and one history row."""
        return len(self.history)

    @property
    def received(self) -> int:
        """Σ max(S, A) + max(0, U − Σ max(0, S − A)), as contract §6 says it."""
        best: dict[str, int] = {}
        links: dict[str, set[str]] = {}
        settled: dict[str, int] = {}
        for fact in self.facts:
            if fact.attempt and fact.transaction:
                links.setdefault(fact.attempt, set()).add(fact.transaction)
            if fact.kind == "success" and fact.attempt:
                best[fact.attempt] = max(best.get(fact.attempt, 0), fact.amount)
            if fact.kind == "settled" and fact.transaction:
                settled[fact.transaction] = max(settled.get(fact.transaction, 0), fact.amount)
        attempted: dict[str, int] = {}
        unlinked = 0
        for attempt, amount in best.items():
            if attempt in links:
                transaction = min(links[attempt])
                attempted[transaction] = attempted.get(transaction, 0) + amount
            else:
                unlinked += amount
        pairs = [(settled.get(uid, 0), attempted.get(uid, 0)) for uid in {*settled, *attempted}]
        untold = sum(max(0, s - a) for s, a in pairs)
        return sum(max(pair) for pair in pairs) + max(0, unlinked - untold)

    @property
    def paid(self) -> int:
        """What pays for the order: nothing in DRAFT and CANCELLED."""
        return 0 if self.status in ("DRAFT", "CANCELLED") else min(self.received, self.total or 0)

    def create(self, items: list[tuple[str, int]]) -> None:
        """Open the order."""
        for item, quantity in items:
            self._put(item, None, quantity)
        self._note_down("ORDER_CREATED", None)

    def add(self, item: str, quantity: int, note: str | None) -> int:
        """Return the status code that an addition gets."""
        if self.status != "DRAFT":
            return 409
        self._put(item, note, quantity)
        self._note_down("ORDER_UPDATED", "DRAFT")
        return 201

    def change(self, place: int, quantity: int) -> int:
        """Return the status code that another quantity gets; 0 removes, the same one changes nothing."""
        if self.status != "DRAFT":
            return 409
        if quantity < (sent := self.kitchen.sent(self.lines[place])) or (sent and not quantity):
            return 409
        if quantity == self.lines[place].quantity:
            return 200
        if quantity:
            self.lines[place].quantity = quantity
        else:
            del self.lines[place]
        self._note_down("ORDER_UPDATED", "DRAFT")
        return 200

    def clear(self) -> int:
        """Return the status code that removing everything gets."""
        if self.status != "DRAFT":
            return 409
        if any(self.kitchen.sent(line) for line in self.lines):
            return 409
        if self.lines:
            self.lines.clear()
            self._note_down("ORDER_UPDATED", "DRAFT")
        return 200

    def check_out(self) -> int:
        """Return the status code that a checkout gets; early money takes the order further."""
        if self.status != "DRAFT":
            return 409
        if not self.lines:
            return 422
        self.total = sum(PRICES[line.item] * line.quantity for line in self.lines)
        self.status = "PROCESSING"
        self._note_down("ORDER_CHECKED_OUT", "DRAFT", transition=self._follow_the_money())
        return 200

    def revert(self) -> int:
        """Return the status code that a revert gets."""
        if self.status != "PROCESSING":
            return 409
        self.status, self.total = "DRAFT", None
        self._note_down("ORDER_REVERTED", "PROCESSING")
        return 200

    def cancel(self) -> int:
        """Return the status code that a cancellation gets."""
        before = self.status
        if before in ("COMPLETED", "CANCELLED"):
            return 409
        self.status = "CANCELLED"
        self._note_down("ORDER_CANCELLED", before)
        self.events += self.kitchen.abandon()
        return 200

    def send(self, place: int | None = None, quantity: int = 0) -> int:
        """Return the status code that a sending gets."""
        code = 409 if self.status == "CANCELLED" else self.kitchen.send(self.lines, place, quantity)
        if code == 201:
            self._note_down("ORDER_UPDATED", self.status)
        return code

    def act(self, number: int, action: str) -> int:
        """Return the status code that an action on a sent item gets."""
        return self._cooked(self.kitchen.act(number, action))

    def void_ticket(self, place: int) -> int:
        """Return the status code that voiding a ticket gets."""
        return self._cooked(self.kitchen.void(place))

    def _cooked(self, told: list[KitchenEvent] | None) -> int:
        if told is None:
            return 409
        self.events += told
        if any(event.status == "VOIDED" for event in told):
            self._note_down("ORDER_UPDATED", self.status)
        return 200

    def hear(self, fact: Fact) -> str:
        """Return the outcome that a webhook gets."""
        if fact in self.facts:
            return "already-applied"
        before, received, paid = self.status, self.received, self.paid
        self.facts.append(fact)
        self._note_down("ORDER_PAYMENT_UPDATED", before, transition=self._follow_the_money())
        if self.paid > paid:
            return "applied"
        return "unallocated" if self.received > received else "recorded"

    def _follow_the_money(self) -> int | None:
        before = self.status
        if before in ("PROCESSING", "PARTIAL") and self.paid == self.total:
            self.status = "COMPLETED"
        elif before == "PROCESSING" and self.paid:
            self.status = "PARTIAL"
        else:
            return None
        payments = [event for event in self.events if isinstance(event, Event)]
        told = {uid for event in payments for uid in event.attempts}
        successes = {fact.attempt for fact in self.facts if fact.kind == "success" and fact.attempt}
        number = len(payments) + 1
        self.events.append(Event(number, before, self.status, self.paid, frozenset(successes - told)))
        return number

    def _put(self, item: str, note: str | None, quantity: int) -> None:
        for line in self.lines:
            if (line.item, line.note) == (item, note):
                line.quantity += quantity
                return
        self.lines.append(ModelLine(item=item, note=note, quantity=quantity))

    def _note_down(self, action: str, came_from: str | None, *, transition: int | None = None) -> None:
        self.history.append(Entry(action, came_from, self.status, self.version + 1, transition))
