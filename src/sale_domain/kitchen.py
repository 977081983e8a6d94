"""What the kitchen has of an order: tickets with their items, and what can happen to them (contract §5)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NoReturn

import attrs

from sale_domain.documents import JsonObject
from sale_domain.errors import IllegalTransition, Invalid, NotFound
from sale_domain.feed import FeedAction, FeedEntry, Topic
from sale_domain.ids import ItemId, KitchenItemId, KitchenTicketId, LineId, OrderId, RecipeId, StationId
from sale_domain.kitchen_lifecycle import (
    KITCHEN_ITEM_LIFECYCLE,
    KitchenItemAction,
    KitchenItemStatus,
    KitchenTicketStatus,
    ticket_status,
)


@attrs.frozen(kw_only=True)
class KitchenItem:
    """A quantity of one line that was sent; it is never edited, but voided and sent again.

    Attributes:
        note: The line's (of a combo's part: the combo's), then the request's.
        recipe_id: How it is made, as known when it was sent.
        moves: How many transitions there were; each is an event.
        void_reason: Why it was voided.
    """

    id: KitchenItemId
    line_id: LineId
    item_type: str
    item_id: ItemId | None = None
    name: str
    quantity: Decimal
    status: KitchenItemStatus = KITCHEN_ITEM_LIFECYCLE.initial
    course: str | None = None
    note: str | None = None
    recipe_id: RecipeId | None = None
    moves: int = 0
    changed_at: datetime
    changed_by: str
    void_reason: str | None = None

    @property
    def is_voided(self) -> bool:
        """Tell whether it does not count any more."""
        return self.status is KitchenItemStatus.VOIDED

    def moved(self, action: KitchenItemAction, *, at: datetime, by: str, reason: str | None = None) -> "KitchenItem":
        """Apply an action: the only writer of `status`.

        Raises:
            IllegalTransition: the item is not where this is possible.
            Invalid: it would be voided without a reason, or something else is done with one.
        """
        status = KITCHEN_ITEM_LIFECYCLE.after(self.status, action)
        if (reason is not None) != (action is KitchenItemAction.VOID):
            raise Invalid(pointer="/reason", detail="is what voiding needs, and nothing else has")
        return attrs.evolve(self, status=status, moves=self.moves + 1, changed_at=at, changed_by=by, void_reason=reason)


@attrs.frozen(kw_only=True)
class ItemMove:
    """One transition of one item, which Kafka is told once (C3)."""

    ticket_id: KitchenTicketId
    station_id: StationId | None
    previous: KitchenItemStatus
    item: KitchenItem


@attrs.frozen(kw_only=True)
class TicketStep:
    """What one command did to one ticket: `before` is None for a new one."""

    action: FeedAction
    before: "KitchenTicket | None" = None
    after: "KitchenTicket"
    moves: tuple[ItemMove, ...] = ()
    at: datetime

    def entry(self, order_id: OrderId, *, by: str, reason: str | None) -> FeedEntry:
        """Return the history entry that tells of it; its data name order and station, which screens choose by."""
        moved: JsonObject = {}
        if self.action is FeedAction.ITEM_STATUS_CHANGED:
            (move,) = self.moves
            moved = {"itemId": move.item.id, "itemStatus": move.item.status.value}
        return FeedEntry(
            topic=Topic.KITCHEN_TICKET,
            action=self.action,
            thing_id=self.after.id,
            version=self.after.version,
            status=self.after.status.value,
            from_status=self.before.status.value if self.before else None,
            at=self.at,
            by=by,
            reason=reason,
            data={"saleOrderId": order_id, "stationId": self.after.station_id, **moved},
        )


Steps = tuple[TicketStep, ...]
"""What one command did in a kitchen; nothing at all when it changed nothing."""


@attrs.frozen(kw_only=True)
class KitchenTicket:
    """What one station was sent at once; every action returns its step and leaves this value as it was.

    Attributes:
        station_id: None where no rule and no request names one.
        rush: Whether it goes before all others.
        order_cancelled: Whether its order was given up meanwhile: the cook decides about what is left.
    """

    id: KitchenTicketId
    station_id: StationId | None
    version: int = 1
    rush: bool = False
    order_cancelled: bool = False
    sent_at: datetime
    sent_by: str
    items: tuple[KitchenItem, ...]

    @property
    def status(self) -> KitchenTicketStatus:
        """Return what its items say."""
        return ticket_status(item.status for item in self.items)

    def sent(self) -> TicketStep:
        """Tell of a new ticket."""
        return TicketStep(action=FeedAction.TICKET_SENT, after=self, at=self.sent_at)

    def act(
        self, item_id: KitchenItemId, action: KitchenItemAction, *, at: datetime, by: str, reason: str | None = None
    ) -> TicketStep:
        """Move one item.

        Raises:
            IllegalTransition, Invalid: as `KitchenItem.moved` says.
        """
        items = {item.id: item.moved(action, at=at, by=by, reason=reason) for item in self.items if item.id == item_id}
        return self._step(FeedAction.ITEM_STATUS_CHANGED, items, at=at)

    def void(self, *, reason: str, at: datetime, by: str) -> TicketStep:
        """Void every item that can be voided.

        Raises:
            IllegalTransition: none can.
        """
        void = KitchenItemAction.VOID
        voidable = [item for item in self.items if void in KITCHEN_ITEM_LIFECYCLE.table[item.status]]
        if not voidable:
            raise IllegalTransition(status=self.status.value, action=void.value)
        items = {item.id: item.moved(void, at=at, by=by, reason=reason) for item in voidable}
        return self._step(FeedAction.TICKET_VOIDED, items, at=at)

    def rushed(self, *, at: datetime) -> Steps:
        """Put it before all others.

        Raises:
            IllegalTransition: there is nothing left to hurry.
        """
        if self.status.is_over:
            raise IllegalTransition(status=self.status.value, action="rush")
        return (
            ()
            if self.rush
            else (self._step(FeedAction.TICKET_UPDATED, {}, at=at, flagged=attrs.evolve(self, rush=True)),)
        )

    def abandoned(self, *, reason: str, at: datetime, by: str) -> TicketStep:
        """Void what is PENDING because the order was given up, and tell the cook of it."""
        items = {
            item.id: item.moved(KitchenItemAction.VOID, at=at, by=by, reason=reason)
            for item in self.items
            if item.status is KitchenItemStatus.PENDING
        }
        step = self._step(FeedAction.TICKET_UPDATED, items, at=at, flagged=attrs.evolve(self, order_cancelled=True))
        nothing_left = items and step.after.status is KitchenTicketStatus.VOIDED
        return attrs.evolve(step, action=FeedAction.TICKET_VOIDED) if nothing_left else step

    def _step(
        self,
        action: FeedAction,
        items: Mapping[KitchenItemId, KitchenItem],
        *,
        at: datetime,
        flagged: "KitchenTicket | None" = None,
    ) -> TicketStep:
        changed = tuple(items.get(item.id, item) for item in self.items)
        after = attrs.evolve(flagged or self, version=self.version + 1, items=changed)
        moves = (
            ItemMove(ticket_id=self.id, station_id=self.station_id, previous=item.status, item=items[item.id])
            for item in self.items
            if item.id in items
        )
        return TicketStep(action=action, before=self, after=after, moves=tuple(moves), at=at)


@attrs.frozen
class Kitchen:
    """Every ticket of one order, oldest first."""

    _tickets: tuple[KitchenTicket, ...] = ()

    @property
    def tickets(self) -> tuple[KitchenTicket, ...]:
        """Return them all; what was not read refuses (`UnreadKitchen`), and so does all that looks at them."""
        return self._tickets

    @property
    def items(self) -> tuple[KitchenItem, ...]:
        """Return the items of all tickets."""
        return tuple(item for ticket in self.tickets for item in ticket.items)

    @property
    def quantities(self) -> dict[LineId, Decimal]:
        """Return what the kitchen has and has not voided, by line."""
        sums: dict[LineId, Decimal] = {}
        for item in self.items:
            if not item.is_voided:
                sums[item.line_id] = sums.get(item.line_id, Decimal(0)) + item.quantity
        return sums

    def ticket(self, ticket_id: KitchenTicketId) -> KitchenTicket:
        """Return a ticket.

        Raises:
            NotFound: the order has no such ticket.
        """
        for ticket in self.tickets:
            if ticket.id == ticket_id:
                return ticket
        raise NotFound(thing="kitchen ticket")

    def ticket_of(self, item_id: KitchenItemId) -> KitchenTicket:
        """Return the ticket that an item is on.

        Raises:
            NotFound: the order has no such item in the kitchen.
        """
        for ticket in self.tickets:
            if any(item.id == item_id for item in ticket.items):
                return ticket
        raise NotFound(thing="kitchen ticket item")

    def abandoned(self, *, reason: str, at: datetime, by: str) -> Steps:
        """Tell every cook that the order was given up, and void what nobody has begun with."""
        return tuple(ticket.abandoned(reason=reason, at=at, by=by) for ticket in self.tickets)

    def after(self, steps: Iterable[TicketStep]) -> "Kitchen":
        """Return the kitchen as some steps have left it."""
        changed = {step.after.id: step.after for step in steps}
        known = tuple(changed.pop(ticket.id, ticket) for ticket in self.tickets)
        return Kitchen((*known, *changed.values()))


@attrs.frozen
class UnreadKitchen(Kitchen):
    """The kitchen of an order that was locked without it: nobody knows what it has, so nobody may ask or change it."""

    @property
    def tickets(self) -> NoReturn:
        """Refuse: it is a bug to come here."""
        raise AssertionError("the kitchen was not read")
