"""Send an order's lines to the kitchen, and move them on there; the order row is locked first, always (C15, C22)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sale_domain import cooking
from sale_domain.context import Context
from sale_domain.cooking import Menu, Portion, Preparation
from sale_domain.ids import KitchenItemId, KitchenTicketId, OrderId
from sale_domain.kitchen import Kitchen, KitchenTicket
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.order_change import Change
from sale_domain.order_errors import OrderChanged
from sale_domain.orders import Order
from sale_domain.ports.orders import Decision, Need
from sale_domain.snapshots import CatalogItem, ItemSnapshot
from sale_domain.stations import Station, Stations
from sale_domain.use_cases.concurrently import concurrently
from sale_domain.use_cases.ordering import changed
from sale_domain.use_cases.parts import Parts
from sale_domain.views import OrderView

RESTARTS = 5
"""How often a sending starts over because the order changed while commerce was asked."""

# A ticket is shown with the tables that its guests are at.
_TICKETS = Need.KITCHEN | Need.SEATING


class _Moved(Exception):
    """The order is not the one that was prepared."""


async def send(parts: Parts, context: Context, order_id: OrderId, wanted: Sequence[Portion]) -> OrderView:
    """Send portions of an order, all that is unsent when none is named; the view's `touched` names the new tickets.

    Raises:
        OrderChanged: the order did not stand still.
        SaleError: as `cooking.send` says.
    """
    for _ in range(RESTARTS):
        seen = await parts.orders.find(order_id, merchant_id=context.merchant_id)
        context.check_version(seen.order.version)
        cooking.ensure_sendable(seen.order)
        menu = await _menu(parts, context, seen, wanted)

        def decide(order: Order, *, seen: Order = seen.order, menu: Menu = menu) -> Decision:
            if order.version != seen.version:
                raise _Moved
            at = parts.clock.now()
            change = cooking.send(order, wanted, menu, new_id=parts.ids.new, at=at, by=context.user_id)
            return Decision(change=change)

        try:
            committed = await parts.orders.change(
                order_id, decide, merchant_id=context.merchant_id, needs=_TICKETS, once=context.once
            )
        except _Moved:
            continue
        return committed.view
    raise OrderChanged


async def act(
    parts: Parts, context: Context, item_id: KitchenItemId, action: KitchenItemAction, *, reason: str | None = None
) -> OrderView:
    """Cook, finish, serve, recall or void one item."""
    order_id = await parts.tickets.order_of_item(item_id, merchant_id=context.merchant_id)
    return await _change(
        parts,
        context,
        order_id,
        lambda kitchen: kitchen.ticket_of(item_id),
        lambda order, at: cooking.act(order, item_id, action, reason=reason, at=at, by=context.user_id),
    )


async def void(parts: Parts, context: Context, ticket_id: KitchenTicketId, *, reason: str) -> OrderView:
    """Void every item of a ticket that can be voided."""
    order_id = await parts.tickets.order_of_ticket(ticket_id, merchant_id=context.merchant_id)
    return await _change(
        parts,
        context,
        order_id,
        lambda kitchen: kitchen.ticket(ticket_id),
        lambda order, at: cooking.void(order, ticket_id, reason=reason, at=at, by=context.user_id),
    )


async def rush(parts: Parts, context: Context, ticket_id: KitchenTicketId) -> OrderView:
    """Put a ticket before all others."""
    order_id = await parts.tickets.order_of_ticket(ticket_id, merchant_id=context.merchant_id)
    return await _change(
        parts,
        context,
        order_id,
        lambda kitchen: kitchen.ticket(ticket_id),
        lambda order, at: cooking.rush(order, ticket_id, at=at, by=context.user_id),
    )


async def replace_stations(parts: Parts, context: Context, stations: tuple[Station, ...]) -> Stations:
    """Set all of a merchant's stations at once.

    Raises:
        StaleVersion: somebody else has set them since.
        StationsOverlap: something would be cooked at two of them.
    """

    def decide(known: Stations) -> Stations:
        context.check_version(known.version)
        return known.replaced(stations)

    return await parts.stations.change(context.merchant_id, decide)


async def _change(
    parts: Parts,
    context: Context,
    order_id: OrderId,
    ticket: Callable[[Kitchen], KitchenTicket],
    change: Callable[[Order, datetime], Change],
) -> OrderView:
    return await changed(
        parts, context, order_id, change, needs=_TICKETS, version=lambda order: ticket(order.kitchen).version
    )


async def _menu(parts: Parts, context: Context, seen: OrderView, wanted: Sequence[Portion]) -> Menu:
    """Learn how and where the things are made that may be sent: from the checkout's snapshot, else from commerce."""
    named = {portion.line_id for portion in wanted} or {line.id for line in cooking.unsent_lines(seen.order)}
    lines = [line for line in seen.order.basket.lines if line.id in named and line.item_id is not None]
    stations = await parts.stations.find(context.merchant_id)
    if seen.snapshot is not None:
        frozen = seen.snapshot.items
        made = {line.item_id: _prepared(frozen[line.id]) for line in lines if line.item_id is not None}
        return Menu(stations=stations, preparations=made)
    item_ids = dict.fromkeys(line.item_id for line in lines if line.item_id is not None)
    items = await concurrently(parts.catalog.item(item_id) for item_id in item_ids)
    return Menu(stations=stations, preparations={item.item_id: _prepared(item) for item in items})


def _prepared(known: CatalogItem | ItemSnapshot) -> Preparation:
    listed = known.product_variant.get("categoryIds")
    named: Iterable[object] = listed if isinstance(listed, list | tuple) else ()
    categories = tuple(category for category in named if isinstance(category, str))
    return Preparation(recipe_id=known.recipe_id, category_ids=categories)
