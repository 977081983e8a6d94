"""What can be done between an order and its kitchen: send, cook, finish, serve, recall, void, rush (contract §5)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import attrs

from sale_domain.documents import MAX_TEXT
from sale_domain.errors import IllegalTransition, Invalid, NotFound
from sale_domain.ids import ItemId, KitchenItemId, KitchenTicketId, LineId, RecipeId, StationId, bucket_of
from sale_domain.kitchen import KitchenItem, KitchenTicket, Steps
from sale_domain.kitchen_errors import MoreThanOrdered, NothingToSend, NotSendable, TooManyKitchenItems
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.lines import Line
from sale_domain.money import exact
from sale_domain.order_change import Change
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.stations import Stations

MAX_ITEMS = 2_000
"""How many items one order sends in its whole life, voided ones too: every command on it reads them."""


@attrs.frozen(kw_only=True)
class Portion:
    """A quantity of one line that is to be sent.

    Attributes:
        station_id: None leaves it to the merchant's rules.
        note: Is added to the line's, which the cook always sees: it may tell of an allergy.
    """

    line_id: LineId
    quantity: Decimal
    station_id: StationId | None = None
    course: str | None = None
    note: str | None = None


@attrs.frozen(kw_only=True)
class Preparation:
    """What the catalogue says of how an item is made, and where."""

    recipe_id: RecipeId | None = None
    category_ids: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Menu:
    """What sending needs to know beside the order.

    Attributes:
        preparations: By item, for every item that an order has.
    """

    stations: Stations
    preparations: Mapping[ItemId, Preparation]


def send(
    order: Order, wanted: Sequence[Portion], menu: Menu, *, new_id: Callable[[int], str], at: datetime, by: str
) -> Change:
    """Send portions of an order's lines to the kitchen, all that is unsent when none is named: one ticket a station.

    Raises:
        IllegalTransition: the order was given up.
        Invalid: a quantity is not greater than 0, or has more than four decimals.
        MoreThanOrdered: a line would be sent more often than it is ordered.
        NotSendable: no such line, a combo's lead, whose parts are cooked instead of it, a station that the merchant has
            not, or too long a note.
        NothingToSend: the kitchen has everything.
        TooManyKitchenItems: the order has sent too many already.
    """
    ensure_sendable(order)
    at = max(at, order.updated_at)
    by_station: dict[StationId | None, list[KitchenItem]] = {}
    for n, portion in enumerate(_portions(order, wanted, menu.stations)):
        line = order.basket.line(portion.line_id)
        made = Preparation() if line.item_id is None else menu.preparations[line.item_id]
        item = KitchenItem(
            id=KitchenItemId(new_id(bucket_of(order.id))),
            line_id=line.id,
            item_type=line.item_type,
            item_id=line.item_id,
            name=line.name,
            quantity=portion.quantity,
            course=portion.course,
            note=_note(order.basket.note_of(line), portion.note, n),
            recipe_id=made.recipe_id,
            changed_at=at,
            changed_by=by,
        )
        station_id = portion.station_id or menu.stations.station_of(line.item_id, made.category_ids)
        by_station.setdefault(station_id, []).append(item)
    tickets = (
        KitchenTicket(
            id=KitchenTicketId(new_id(bucket_of(order.id))),
            station_id=station_id,
            sent_at=at,
            sent_by=by,
            items=tuple(items),
        )
        for station_id, items in by_station.items()
    )
    return order.with_kitchen(tuple(ticket.sent() for ticket in tickets), by=by)


def ensure_sendable(order: Order) -> None:
    """Check that an order may send anything at all.

    Raises:
        IllegalTransition: the order was given up.
    """
    if order.status is OrderStatus.CANCELLED:
        raise IllegalTransition(status=order.status.value, action="send")


def act(
    order: Order,
    item_id: KitchenItemId,
    action: KitchenItemAction,
    *,
    reason: str | None = None,
    at: datetime,
    by: str,
) -> Change:
    """Move one item; voiding it frees its quantity for another sending.

    Raises:
        IllegalTransition: the item is not where this is possible.
        Invalid: it would be voided without a reason, or something else is done with one.
        NotFound: the order has no such item in the kitchen.
    """
    ticket, at = order.kitchen.ticket_of(item_id), max(at, order.updated_at)
    return order.with_kitchen((ticket.act(item_id, action, reason=reason, at=at, by=by),), by=by, reason=reason)


def void(order: Order, ticket_id: KitchenTicketId, *, reason: str, at: datetime, by: str) -> Change:
    """Void every item of a ticket that can be voided.

    Raises:
        IllegalTransition: none can.
        NotFound: the order has no such ticket.
    """
    ticket, at = order.kitchen.ticket(ticket_id), max(at, order.updated_at)
    return order.with_kitchen((ticket.void(reason=reason, at=at, by=by),), by=by, reason=reason)


def rush(order: Order, ticket_id: KitchenTicketId, *, at: datetime, by: str) -> Change:
    """Put a ticket before all others.

    Raises:
        IllegalTransition: there is nothing left to hurry.
        NotFound: the order has no such ticket.
    """
    steps: Steps = order.kitchen.ticket(ticket_id).rushed(at=max(at, order.updated_at))
    return order.with_kitchen(steps, by=by)


def unsent_lines(order: Order) -> tuple[Line, ...]:
    """Return the lines that the kitchen lacks a part of; a combo's lead is never cooked, its parts are."""
    leads = order.basket.lead_ids
    return tuple(line for line in order.basket.lines if line.id not in leads and line.sent_quantity < line.quantity)


def _portions(order: Order, wanted: Sequence[Portion], stations: Stations) -> tuple[Portion, ...]:
    """Return what is to be sent, after a look at whether it can be."""
    unsent = unsent_lines(order)
    lines = [_cooked_line(order, portion, n) for n, portion in enumerate(wanted)]
    _check_quantities(wanted)
    _check_stations(stations, wanted)
    if not unsent:
        raise NothingToSend
    portions = wanted or [Portion(line_id=line.id, quantity=line.quantity - line.sent_quantity) for line in unsent]
    for line in dict.fromkeys(lines):
        _check_ordered(line, wanted)
    if len(order.kitchen.items) + len(portions) > MAX_ITEMS:
        raise TooManyKitchenItems(limit=MAX_ITEMS)
    return tuple(portions)


def _check_quantities(wanted: Sequence[Portion]) -> None:
    """Refuse less than something: what took nothing, or gave back, would let more be cooked than is ordered."""
    for n, portion in enumerate(wanted):
        pointer = f"/items/{n}/quantity"
        try:
            quantity = exact(portion.quantity)
        except ValueError as error:
            raise Invalid(pointer=pointer, detail=str(error)) from None
        if quantity <= 0:
            raise Invalid(pointer=pointer, detail="must be greater than 0")


def _check_ordered(line: Line, wanted: Sequence[Portion]) -> None:
    """Refuse more of a line than is unsent, at the place where it becomes too much."""
    named = [(n, portion.quantity) for n, portion in enumerate(wanted) if portion.line_id == line.id]
    asked, left = sum((quantity for _, quantity in named), Decimal(0)), line.quantity - line.sent_quantity
    for n, quantity in named:
        left -= quantity
        if left < 0:
            sent = line.sent_quantity
            raise MoreThanOrdered(line_id=line.id, ordered=line.quantity, sent=sent, asked=asked, place=n)


def _check_stations(stations: Stations, wanted: Sequence[Portion]) -> None:
    """Refuse a station that the merchant has not: no screen would show its tickets."""
    for n, portion in enumerate(wanted):
        if portion.station_id is not None and not stations.have(portion.station_id):
            raise NotSendable(pointer=f"/items/{n}/stationId", detail="the merchant has no such kitchen station")


def _note(of_line: str | None, of_portion: str | None, n: int) -> str | None:
    """Join what is said of a line and of its portion, each once."""
    note = " · ".join(dict.fromkeys(said for said in (of_line, of_portion) if said)) or None
    if note and len(note) > MAX_TEXT:
        detail = f"must have at most {MAX_TEXT} characters together with the line's note"
        raise NotSendable(pointer=f"/items/{n}/note", detail=detail)
    return note


def _cooked_line(order: Order, portion: Portion, n: int) -> Line:
    pointer = f"/items/{n}/saleOrderItemId"
    try:
        line = order.basket.line(portion.line_id)
    except NotFound:
        raise NotSendable(pointer=pointer, detail="the order has no such item") from None
    if line.id in order.basket.lead_ids:
        raise NotSendable(pointer=pointer, detail="a combo is cooked by its parts: send those instead")
    return line
