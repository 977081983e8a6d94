"""Kitchen tickets and stations as callers see them, and what they send about them (contract §9)."""

from datetime import datetime
from decimal import Decimal

import attrs

from sale_adapters.wire.scalars import Cursor, PageSize, Quantity, Text, TicketStatuses, cursor
from sale_domain.cooking import Portion
from sale_domain.ids import ItemId, LineId, StationId
from sale_domain.kitchen import KitchenItem
from sale_domain.ports.kitchen import TicketFilter, TicketPage, TicketView
from sale_domain.stations import Station, Stations
from sale_domain.views import OrderView

_FIFTY = PageSize(50)


# --- what callers send ---------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class SendItemBody:
    """A quantity of one line; a combo is sent by its parts.

    Attributes:
        sale_order_item_id: The line of the order.
        station_id: Where it is cooked; unless given, the merchant's rules say.
        course: In the merchant's own words.
        note: Is added to the line's, or to the combo's, which the cook always sees.
    """

    sale_order_item_id: Text
    quantity: Quantity
    station_id: Text | None = None
    course: Text | None = None
    note: Text | None = None

    def portion(self) -> Portion:
        """Return what is asked for."""
        return Portion(
            line_id=LineId(self.sale_order_item_id),
            quantity=self.quantity,
            station_id=None if self.station_id is None else StationId(self.station_id),
            course=self.course,
            note=self.note,
        )


@attrs.frozen(kw_only=True)
class SendBody:
    """What goes to the kitchen.

    Attributes:
        items: None named means all that is unsent.
    """

    items: tuple[SendItemBody, ...] = ()

    def portions(self) -> tuple[Portion, ...]:
        """Return what is asked for."""
        return tuple(item.portion() for item in self.items)


@attrs.frozen(kw_only=True)
class VoidBody:
    """Why something is not made."""

    reason: Text


@attrs.frozen(kw_only=True)
class TicketQuery:
    """Which tickets a list shows, and which page of it.

    Attributes:
        station_id: Only those of this station.
        status: Only those in one of these.
        limit: How many a page has at most.
        cursor: Where the page begins.
    """

    station_id: Text | None = None
    status: TicketStatuses | None = None
    limit: PageSize = _FIFTY
    cursor: Cursor | None = None

    def filter(self) -> TicketFilter:
        """Return which tickets are asked for."""
        return TicketFilter(
            station_id=None if self.station_id is None else StationId(self.station_id), statuses=self.status
        )


@attrs.frozen(kw_only=True)
class StationBody:
    """A place where things are cooked: variants by their id, else whole categories.

    Attributes:
        item_ids: The variants that are cooked here.
        category_ids: The categories of which everything is cooked here that no station has by itself.
    """

    id: Text
    name: Text
    item_ids: tuple[Text, ...] = ()
    category_ids: tuple[Text, ...] = ()

    def station(self) -> Station:
        """Return the station that is described."""
        return Station(
            id=StationId(self.id),
            name=self.name,
            item_ids=tuple(map(ItemId, self.item_ids)),
            category_ids=tuple(self.category_ids),
        )


@attrs.frozen(kw_only=True)
class StationsBody:
    """All of a merchant's kitchen stations; no item and no category has two."""

    stations: tuple[StationBody, ...]


# --- what callers see ----------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class TicketItemBody:
    """A quantity of one line in the kitchen.

    Attributes:
        sale_order_item_id: The line of the order.
        item_type: As the line's.
        item_id: The catalogue's item; null for a CUSTOM line.
        status: PENDING, COOKING, READY, SERVED or VOIDED.
        course: In the merchant's own words.
        note: The line's (of a combo's part: the combo's), then the request's.
        recipe_id: How it is made, as known when it was sent.
        changed_by: The user.
        reason: Why it was voided.
    """

    id: str
    sale_order_item_id: str
    item_type: str
    item_id: str | None
    name: str
    quantity: Decimal
    status: str
    course: str | None
    note: str | None
    recipe_id: str | None
    changed_at: datetime
    changed_by: str
    reason: str | None


@attrs.frozen(kw_only=True)
class TicketBody:
    """What one station was sent at once.

    Attributes:
        order_number: As the order's `orderNumber`.
        units: The tables that the order's guests are at now, or were at last.
        station_id: Null where no rule and no request names one.
        status: What its items say: PENDING, PROCESSING, READY, COMPLETED or VOIDED.
        rush: Whether it goes before all others.
        order_cancelled: Whether its order was given up meanwhile: the cook decides about what is left.
        version: 1 when sent, one more with every command that changes something; what If-Match names.
        sent_by: The user.
    """

    id: str
    sale_order_id: str
    order_number: str
    merchant_id: str
    units: tuple[str, ...]
    station_id: str | None
    status: str
    rush: bool
    order_cancelled: bool
    version: int
    sent_at: datetime
    sent_by: str
    items: tuple[TicketItemBody, ...]


@attrs.frozen(kw_only=True)
class SentBody:
    """The new tickets, one per station."""

    tickets: tuple[TicketBody, ...]


@attrs.frozen(kw_only=True)
class TicketListBody:
    """A page of tickets, oldest first.

    Attributes:
        next_cursor: What `cursor` is to be for the next page; null on the last one.
    """

    items: tuple[TicketBody, ...]
    next_cursor: str | None


def ticket_body(view: TicketView) -> TicketBody:
    """Return a ticket as callers see it."""
    ticket = view.ticket
    return TicketBody(
        id=ticket.id,
        sale_order_id=view.order_id,
        order_number=view.order_number,
        merchant_id=view.merchant_id,
        units=view.units,
        station_id=ticket.station_id,
        status=ticket.status.value,
        rush=ticket.rush,
        order_cancelled=ticket.order_cancelled,
        version=ticket.version,
        sent_at=ticket.sent_at,
        sent_by=ticket.sent_by,
        items=tuple(map(_item, ticket.items)),
    )


def sent_body(view: OrderView) -> SentBody:
    """Return the tickets that a command has just made."""
    made = (ticket for ticket in view.order.kitchen.tickets if ticket.id in view.touched)
    return SentBody(tickets=tuple(ticket_body(TicketView.of(view.order, ticket)) for ticket in made))


def ticket_list_body(page: TicketPage) -> TicketListBody:
    """Return a page of tickets as callers see it."""
    return TicketListBody(
        items=tuple(map(ticket_body, page.tickets)),
        next_cursor=None if page.next_after is None else cursor(page.next_after),
    )


def stations_body(stations: Stations) -> StationsBody:
    """Return a merchant's stations as callers see them."""
    return StationsBody(
        stations=tuple(
            StationBody(
                id=Text(station.id),
                name=Text(station.name),
                item_ids=tuple(map(Text, station.item_ids)),
                category_ids=tuple(map(Text, station.category_ids)),
            )
            for station in stations.stations
        )
    )


def _item(item: KitchenItem) -> TicketItemBody:
    return TicketItemBody(
        id=item.id,
        sale_order_item_id=item.line_id,
        item_type=item.item_type,
        item_id=item.item_id,
        name=item.name,
        quantity=item.quantity,
        status=item.status.value,
        course=item.course,
        note=item.note,
        recipe_id=item.recipe_id,
        changed_at=item.changed_at,
        changed_by=item.changed_by,
        reason=item.void_reason,
    )
