"""Strategies for what Kafka tells: one order's events, and the ways in which a consumer may hear them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

import attrs
from hypothesis import strategies as st

from sale_adapters.memory import SequentialIds
from sale_app.testing.orders import (
    CASHIER,
    MENU,
    OPENING,
    amounts,
    attempted,
    checkouts,
    drafts,
    facts,
    ids,
    ids_in_turn,
    quantities,
)
from sale_domain import cooking
from sale_domain.announcements import messages
from sale_domain.cooking import Menu, Portion, Preparation
from sale_domain.events import Event, KitchenItemStatusChanged, PaymentSuccess
from sale_domain.ids import StationId
from sale_domain.kitchen_lifecycle import KITCHEN_ITEM_LIFECYCLE, KitchenItemAction
from sale_domain.order_change import Change
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.stations import Stations

__all__ = ["amounts", "heard", "ids", "kitchen_items", "payments", "quantities"]

E = TypeVar("E", bound=Event)


@st.composite
def payments(draw: st.DrawFn) -> tuple[PaymentSuccess, ...]:
    """Draw all that one order's payments tell: one event when paid at once or free, two when first in part (C12).

    Sale's own heart tells it of drawn orders: products, combos and custom lines, discounts and taxes, two currencies,
    guests who are known or not. Money comes early, late, twice, too much, or by transactions whose attempts nobody
    tells: the attempts add up to `paid`, to less or to more. A PARTIAL order may never be paid in full. An event that
    has `attempts_omitted` leaves some out without being as large as Sale's would be.
    """
    new = draw(ids_in_turn())
    order = draw(drafts(new))
    quote, snapshot = draw(checkouts(order))
    early, late = (draw(st.lists(facts(order, quote.totals.total), max_size=most)) for most in (2, 4))
    for fact in early:
        order = order.record_payment(fact, at=OPENING)[1].order
    changes = [order.check_out(quote, snapshot, at=OPENING, by=CASHIER)]
    for minutes, fact in enumerate(late, start=1):
        changes.append(changes[-1].order.record_payment(fact, at=OPENING + timedelta(minutes=minutes))[1])
    order = changes[-1].order
    if order.status is OrderStatus.PROCESSING or (not order.is_fully_paid and draw(st.sampled_from([True, False]))):
        # A transaction of its own: money that names none may be what a settled transaction has told already.
        rest = (quote.totals.total - order.paid).amount
        last = attempted(order, "attempt-last", rest, transaction_uid="transaction-last")
        changes.append(order.record_payment(last, at=OPENING + timedelta(hours=1))[1])
    told = [event for event in _told(changes, new) if isinstance(event, PaymentSuccess)]
    return tuple(draw(_perhaps_cut_short(event)) for event in told)


@st.composite
def kitchen_items(draw: st.DrawFn) -> tuple[KitchenItemStatusChanged, ...]:
    """Draw what one kitchen item tells in its life, recalls and voids included, as its lifecycle allows (C15).

    It is of a product, a combo's part or a custom line, made by a recipe or by none, at a station or at none. Sale
    always tells who moved it on, and why when it was voided.
    """
    new = draw(ids_in_turn())
    order = draw(drafts(new))
    line = draw(st.sampled_from(cooking.unsent_lines(order)))
    station_id = draw(st.sampled_from([None, StationId("station-1")]))
    portion = Portion(line_id=line.id, quantity=line.quantity, station_id=station_id)
    made = {item_id: Preparation(recipe_id=known.recipe_id) for item_id, known in MENU.items()}
    menu = Menu(stations=Stations(), preparations=made)
    changes = [cooking.send(order, [portion], menu, new_id=new.new, at=OPENING, by=CASHIER)]
    for minutes in range(draw(st.integers(1, 8))):
        (item,) = changes[-1].order.kitchen.items
        if KITCHEN_ITEM_LIFECYCLE.is_terminal(item.status):
            break
        possible = KITCHEN_ITEM_LIFECYCLE.table[item.status]
        # Or every second dish would be voided before anybody began with it.
        seldom_void = [action for action in possible for _ in range(1 if action is KitchenItemAction.VOID else 4)]
        action = draw(st.sampled_from(seldom_void))
        reason = draw(st.sampled_from(["dropped", "sold out"])) if action is KitchenItemAction.VOID else None
        by, at = draw(st.sampled_from(["cook", CASHIER])), OPENING + timedelta(minutes=minutes)
        changes.append(cooking.act(changes[-1].order, item.id, action, reason=reason, at=at, by=by))
    return tuple(event for event in _told(changes, new) if isinstance(event, KitchenItemStatusChanged))


@st.composite
def heard(draw: st.DrawFn, told: Sequence[E]) -> list[E]:
    """Draw how a consumer hears these events of one order: all, in their order, some again after it was killed.

    Whoever restarts begins at the last offset that he committed, so any run may be repeated.
    """
    deliveries: list[E] = []
    place = 0
    for back in draw(st.lists(st.integers(0, len(told)), max_size=5)):
        stop = draw(st.integers(place, len(told)))
        deliveries += told[place:stop]
        place = max(0, stop - back)
    return deliveries + list(told[place:])


@st.composite
def _perhaps_cut_short(draw: st.DrawFn, event: PaymentSuccess) -> PaymentSuccess:
    """Draw an event as it would be with less room for its attempts: the oldest are listed, the others counted."""
    attempts = event.payment.attempts
    if not attempts or not draw(st.sampled_from([False, False, False, True])):
        return event
    listed = draw(st.integers(0, len(attempts) - 1))
    omitted = len(attempts) - listed
    return attrs.evolve(
        event, payment=attrs.evolve(event.payment, attempts=attempts[:listed], attempts_omitted=omitted)
    )


def _told(changes: Sequence[Change], new: SequentialIds) -> Iterator[Event]:
    return (message.payload for change in changes for message in messages(change, new_id=new.new))
