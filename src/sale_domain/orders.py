"""The order: one thing that is the cart while DRAFT and the committed order afterwards (contract §5)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from sale_domain.allocations import Seating
from sale_domain.basket import Basket
from sale_domain.documents import Json, JsonObject
from sale_domain.errors import Invalid
from sale_domain.feed import FeedAction
from sale_domain.ids import CustomerId, LineId, MerchantId, OrderId, SaleChannelId
from sale_domain.kitchen import Kitchen, Steps
from sale_domain.ledger import Ledger, PaymentFact
from sale_domain.lines import Keep, Line, NewItem
from sale_domain.money import Currency, Money
from sale_domain.order_change import Change, order_entry
from sale_domain.order_errors import EmptyOrder
from sale_domain.order_lifecycle import ORDER_LIFECYCLE, OrderAction, OrderStatus
from sale_domain.payments import PaymentOutcome, PaymentTransition, conflicts_told
from sale_domain.quotes import Quote, Totals
from sale_domain.snapshots import CheckoutSnapshot

_ENTERED_AT: Mapping[OrderStatus, str] = {
    OrderStatus.COMPLETED: "completed_at",
    OrderStatus.CANCELLED: "cancelled_at",
}


@attrs.frozen(kw_only=True)
class Order:
    """A sale order; every action returns a `Change` and leaves this value as it was.

    Attributes:
        version: 1 when created, one more with every command that changes something.
        totals: What pricing said at checkout; None in DRAFT.
        exchange_rate: Units of the channel's currency per unit of the order's (C24).
        transition: How many payment transitions there were.
        reported_facts: How many of the ledger's facts the last transition knew.
        checkouts: How many checkouts there were, reverted ones too.
        events: How many events Kafka is told of this order.
        kitchen: What was sent of it; only commands see it.
        seating: Its usages of tables and other units; only commands see them.
        updated_at: When anything of it changed last, its kitchen included.
    """

    id: OrderId
    number: str
    merchant_id: MerchantId
    sale_channel_id: SaleChannelId
    customer_id: CustomerId | None = None
    currency: Currency
    note: str | None = None
    status: OrderStatus = ORDER_LIFECYCLE.initial
    version: int = 1
    basket: Basket = Basket()
    totals: Totals | None = None
    exchange_rate: Decimal | None = None
    ledger: Ledger = Ledger()
    transition: int = 0
    reported_facts: int = 0
    checkouts: int = 0
    events: int = 0
    seating: Seating = Seating()
    kitchen: Kitchen = Kitchen()
    created_at: datetime
    created_by: str
    updated_at: datetime
    checked_out_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None

    @property
    def received(self) -> Money:
        """Return all money that has come in for this order."""
        return Money(self.ledger.received, self.currency)

    @property
    def paid(self) -> Money:
        """Return the part of the received money that pays for the order: nothing in DRAFT and CANCELLED."""
        if self.totals is None or self.status is OrderStatus.CANCELLED:
            return Money.zero(self.currency)
        return min(self.received, self.totals.total)

    @property
    def unallocated(self) -> Money:
        """Return the received money that pays for nothing (yet): it is never dropped."""
        return self.received - self.paid

    @property
    def is_fully_paid(self) -> bool:
        """Tell whether the order is COMPLETED."""
        return self.status is OrderStatus.COMPLETED

    def ensure(self, action: OrderAction) -> None:
        """Check that an action is possible now.

        Raises:
            IllegalTransition: it is not.
        """
        ORDER_LIFECYCLE.after(self.status, action)

    def created(self, *, items: tuple[NewItem, ...] = ()) -> Change:
        """Put the first items into a new order, and tell of it.

        Raises:
            Invalid: a quantity is too large or too fine; the pointer says of which item.
            TooManyLines: there are too many.
        """
        assert self.version == 1, "an order is created once"
        basket = self.basket
        for number, item in enumerate(items):
            try:
                basket, _ = basket.add(item, currency=self.currency)
            except Invalid as wrong:
                raise Invalid(pointer=f"/items/{number}{wrong.pointer}", detail=wrong.detail) from None
        new = attrs.evolve(self, basket=basket)
        return Change(order=new, entries=(order_entry(new, FeedAction.ORDER_CREATED, by=self.created_by, since=None),))

    def add_item(self, item: NewItem, *, at: datetime, by: str) -> Change:
        """Add an item; a PRODUCT joins its like.

        Raises:
            IllegalTransition: the order is not a DRAFT.
            Invalid: a quantity has become too large or too fine.
            TooManyLines: the order is full.
        """

        def add(basket: Basket) -> tuple[Basket, JsonObject]:
            grown, line_id = basket.add(item, currency=self.currency)
            return grown, {"lineId": line_id, "added": item.quantity}

        return self._edited(add, at=at, by=by)

    def change_item(
        self,
        line_id: LineId,
        *,
        quantity: Decimal | None = None,
        note: str | Keep | None = Keep.KEEP,
        at: datetime,
        by: str,
    ) -> Change:
        """Change a line's quantity (0 removes it) or its note.

        Raises:
            AlreadySent, ComboChild, IllegalTransition, Invalid, NotFound: as `Basket.change` says.
        """

        def change(basket: Basket) -> tuple[Basket, JsonObject]:
            changed = basket.change(line_id, quantity=quantity, note=note)
            new_quantity: JsonObject = {} if quantity is None else {"quantity": quantity}
            new_note: JsonObject = {} if isinstance(note, Keep) else {"note": note}
            return changed, {"lineId": line_id, **new_quantity, **new_note}

        return self._edited(change, at=at, by=by)

    def remove_item(self, line_id: LineId, *, at: datetime, by: str) -> Change:
        """Remove a line.

        Raises:
            AlreadySent, ComboChild, IllegalTransition, NotFound: as `Basket.remove` says.
        """
        return self._edited(lambda basket: (basket.remove(line_id), {"lineId": line_id, "quantity": 0}), at=at, by=by)

    def remove_all_items(self, *, at: datetime, by: str) -> Change:
        """Remove every line, or none.

        Raises:
            AlreadySent: the kitchen has a part of one.
            IllegalTransition: the order is not a DRAFT.
        """
        return self._edited(lambda basket: (basket.clear(), {"lineId": None, "quantity": 0}), at=at, by=by)

    def check_out(self, quote: Quote, snapshot: CheckoutSnapshot, *, at: datetime, by: str) -> Change:
        """Freeze what pricing says; early money, or a total of 0, takes the order further at once.

        Raises:
            EmptyOrder: there is nothing to check out.
            IllegalTransition: the order is not a DRAFT.
            SisterUnavailable: the quote contradicts itself.
        """
        self.ensure(OrderAction.CHECK_OUT)
        if not self.basket.lines:
            raise EmptyOrder
        quote.checked(self.basket, self.currency)
        frozen = self._moved(
            OrderAction.CHECK_OUT,
            at,
            basket=self.basket.each(lambda line: quote.frozen(line, snapshot)),
            totals=quote.totals,
            exchange_rate=snapshot.exchange_rate,
            checkouts=snapshot.checkout,
            checked_out_at=max(at, self.updated_at),
        )
        change = frozen._following_the_money(at=at, trigger=None)
        return self._told(change, FeedAction.ORDER_CHECKED_OUT, at=at, by=by, snapshot=snapshot)

    def revert(self, *, reason: str | None, at: datetime, by: str) -> Change:
        """Take a checkout back: prices are unknown again.

        Raises:
            IllegalTransition: the order is not PROCESSING; one that has been paid for is past it.
        """
        self.ensure(OrderAction.REVERT)
        assert self.paid.is_zero, "money moves a PROCESSING order on in the transaction that brings it"
        draft = self._moved(
            OrderAction.REVERT,
            at,
            basket=self.basket.each(Line.without_price),
            totals=None,
            exchange_rate=None,
            checked_out_at=None,
        )
        return self._told(Change(order=draft), FeedAction.ORDER_REVERTED, at=at, by=by, reason=reason)

    def cancel(self, *, reason: str, at: datetime, by: str) -> Change:
        """Give the order up; received money stays, unallocated, and cooks decide about what they have begun with.

        Raises:
            IllegalTransition: the order is COMPLETED or CANCELLED.
        """
        cancelled = self._moved(OrderAction.CANCEL, at, cancel_reason=reason)
        steps = self.kitchen.abandoned(reason=reason, at=max(at, self.updated_at), by=by)
        return self._told(
            cancelled._cooked(steps, by=by, reason=reason), FeedAction.ORDER_CANCELLED, at=at, by=by, reason=reason
        )

    def with_kitchen(self, steps: Steps, *, by: str, reason: str | None = None) -> Change:
        """Take over what was done in the kitchen; the order changes too when the kitchen has more or less of a line."""
        change = self._cooked(steps, by=by, reason=reason)
        pairs = zip(self.basket.lines, change.order.basket.lines, strict=True)
        sent: list[Json] = [{"lineId": now.id, "sentQuantity": now.sent_quantity} for was, now in pairs if was != now]
        if not sent:
            return change
        at = change.order.updated_at
        return self._told(change, FeedAction.ORDER_UPDATED, at=at, by=by, reason=reason, data={"sent": sent})

    def record_payment(self, fact: PaymentFact, *, at: datetime) -> tuple[PaymentOutcome, Change]:
        """Take a payment fact in, whatever the order's status, and follow the money (C1, C14)."""
        if self.ledger.knows(fact):
            return PaymentOutcome.ALREADY_APPLIED, Change(order=self)
        known = attrs.evolve(self, ledger=self.ledger.with_fact(fact))
        change = known._following_the_money(at=at, trigger=fact)
        data: JsonObject = {
            "fact": fact.type.value,
            "amount": fact.amount,
            "received": change.order.received.amount,
            **conflicts_told(known.ledger.conflicts_since(self.ledger)),
        }
        told = self._told(change, FeedAction.ORDER_PAYMENT_UPDATED, at=at, by="mq-pay", data=data)
        return self._outcome(told.order), told

    def recounted(self, *, reason: str, data: JsonObject, at: datetime, by: str) -> Change:
        """Leave the order as it is, and let whoever stores it write what its ledger amounts to, with a reason."""
        return self._told(Change(order=self), FeedAction.ORDER_UPDATED, at=at, by=by, reason=reason, data=data)

    def _outcome(self, after: "Order") -> PaymentOutcome:
        if self.paid < after.paid:
            return PaymentOutcome.APPLIED
        return PaymentOutcome.UNALLOCATED if self.received < after.received else PaymentOutcome.RECORDED

    def _edited(self, edit: Callable[[Basket], tuple[Basket, JsonObject]], *, at: datetime, by: str) -> Change:
        self.ensure(OrderAction.EDIT)
        basket, data = edit(self.basket)
        if basket == self.basket:
            return Change(order=self)
        edited = self._moved(OrderAction.EDIT, at, basket=basket)
        return self._told(Change(order=edited), FeedAction.ORDER_UPDATED, at=at, by=by, data=data)

    def _moved(self, action: OrderAction, at: datetime, **changes: Any) -> "Order":  # noqa: ANN401 - attrs.evolve's own
        """Apply an action: the only writer of `status`."""
        status = ORDER_LIFECYCLE.after(self.status, action)
        if status is not self.status and (entered_at := _ENTERED_AT.get(status)):
            changes[entered_at] = max(at, self.updated_at)
        return attrs.evolve(self, status=status, **changes)

    def _cooked(self, steps: Steps, *, by: str, reason: str | None) -> Change:
        kitchen, moves = self.kitchen.after(steps), tuple(move for step in steps for move in step.moves)
        order = attrs.evolve(
            self,
            kitchen=kitchen,
            basket=self.basket.with_sent(kitchen.quantities),
            events=self.events + len(moves),
            updated_at=max([self.updated_at, *(step.at for step in steps)]),
        )
        entries = tuple(step.entry(self.id, by=by, reason=reason) for step in steps)
        return Change(order=order, entries=entries, moves=moves)

    def _following_the_money(self, *, at: datetime, trigger: PaymentFact | None) -> Change:
        """Move on when the money says so; it moves an order by at most one payment transition."""
        action = self._due()
        if action is None:
            return Change(order=self)
        transition = PaymentTransition.told_by(
            self.ledger,
            reported_facts=self.reported_facts,
            number=self.transition + 1,
            previous=self.status,
            trigger=trigger,
        )
        moved = self._moved(
            action,
            at,
            transition=transition.number,
            events=self.events + 1,
            reported_facts=len(self.ledger.facts),
        )
        return Change(order=moved, transition=transition)

    def _due(self) -> OrderAction | None:
        if self.totals is None or self.status not in (OrderStatus.PROCESSING, OrderStatus.PARTIAL):
            return None
        if self.paid == self.totals.total:
            return OrderAction.PAY_FULLY
        return None if self.paid.is_zero or self.status is OrderStatus.PARTIAL else OrderAction.PAY_PARTLY

    def _told(
        self,
        change: Change,
        action: FeedAction,
        *,
        at: datetime,
        by: str,
        reason: str | None = None,
        data: JsonObject | None = None,
        snapshot: CheckoutSnapshot | None = None,
    ) -> Change:
        """Raise the version, write the one history entry of the order itself, and end what ends with the order."""
        # Clocks of two replicas may differ; an order's own times never run backwards.
        order = attrs.evolve(change.order, version=self.version + 1, updated_at=max(at, self.updated_at))
        number = change.transition.number if change.transition else None
        entry = order_entry(order, action, by=by, since=self.status, reason=reason, data=data, transition=number)
        seating, ended = order.seating.following(order.status, at=order.updated_at, by=by, reason=reason)
        if ended:
            order = attrs.evolve(order, seating=seating)
        return Change(
            order=order,
            entries=(entry, *change.entries, *ended),
            moves=change.moves,
            transition=change.transition,
            snapshot=snapshot,
        )
