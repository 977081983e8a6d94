"""What can be asked of the kitchen over HTTP."""

from collections.abc import Callable
from functools import partial

import attrs

from sale_adapters.web.calls import Call, if_match
from sale_adapters.web.replies import feed_seq, reply
from sale_adapters.wire.bodies import EmptyBody
from sale_adapters.wire.kitchen import (
    SendBody,
    StationsBody,
    TicketQuery,
    VoidBody,
    sent_body,
    stations_body,
    ticket_body,
    ticket_list_body,
)
from sale_domain.ids import KitchenItemId, KitchenTicketId, OrderId
from sale_domain.kitchen import Kitchen, KitchenTicket
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.ports.answers import StoredAnswer
from sale_domain.ports.kitchen import TicketView
from sale_domain.stations import Stations
from sale_domain.views import OrderView


async def send(call: Call) -> StoredAnswer:
    """Send an order's lines to the kitchen."""
    portions = call.parsed(SendBody).portions()
    return _sent(await call.sale.send(call.changing(_sent), call.named(OrderId), portions))


async def find(call: Call) -> StoredAnswer:
    """List tickets, oldest first."""
    query = call.query(TicketQuery)
    after = None if query.cursor is None else KitchenTicketId(query.cursor)
    page = await call.sale.tickets(call.reading(), query.filter(), after=after, limit=query.limit)
    return reply(ticket_list_body(page), headers=feed_seq(page.feed_seq))


async def find_by_id(call: Call) -> StoredAnswer:
    """Show a ticket."""
    return _shown(await call.sale.ticket(call.reading(), call.named(KitchenTicketId)))


async def void(call: Call) -> StoredAnswer:
    """Void what can be voided of a ticket."""
    reason, ticket_id = call.parsed(VoidBody).reason, call.named(KitchenTicketId)
    answer = partial(_changed, lambda kitchen: kitchen.ticket(ticket_id))
    return answer(await call.sale.void_ticket(call.changing(answer), ticket_id, reason=reason))


async def rush(call: Call) -> StoredAnswer:
    """Put a ticket before all others."""
    call.parsed(EmptyBody)
    ticket_id = call.named(KitchenTicketId)
    answer = partial(_changed, lambda kitchen: kitchen.ticket(ticket_id))
    return answer(await call.sale.rush_ticket(call.changing(answer), ticket_id))


async def cook(call: Call) -> StoredAnswer:
    """Begin with an item."""
    return await _act(call, KitchenItemAction.COOK)


async def finish(call: Call) -> StoredAnswer:
    """Say that an item is ready."""
    return await _act(call, KitchenItemAction.FINISH)


async def serve(call: Call) -> StoredAnswer:
    """Say that the guest has an item."""
    return await _act(call, KitchenItemAction.SERVE)


async def recall(call: Call) -> StoredAnswer:
    """Take a ready item back to be cooked again."""
    return await _act(call, KitchenItemAction.RECALL)


async def void_item(call: Call) -> StoredAnswer:
    """Void an item."""
    return await _act(call, KitchenItemAction.VOID, reason=call.parsed(VoidBody).reason)


async def stations(call: Call) -> StoredAnswer:
    """Show the stations."""
    return _stations(await call.sale.stations(call.reading()))


async def replace_stations(call: Call) -> StoredAnswer:
    """Set all stations."""
    context = attrs.evolve(call.reading(), if_match=if_match(call.request))
    wanted = tuple(station.station() for station in call.parsed(StationsBody).stations)
    return _stations(await call.sale.replace_stations(context, wanted))


async def _act(call: Call, action: KitchenItemAction, *, reason: str | None = None) -> StoredAnswer:
    if reason is None:
        call.parsed(EmptyBody)
    item_id = call.named(KitchenItemId)
    answer = partial(_changed, lambda kitchen: kitchen.ticket_of(item_id))
    return answer(await call.sale.act_on_kitchen_item(call.changing(answer), item_id, action, reason=reason))


def _sent(view: OrderView) -> StoredAnswer:
    return reply(sent_body(view), status=201)


def _changed(ticket: Callable[[Kitchen], KitchenTicket], view: OrderView) -> StoredAnswer:
    return _shown(TicketView.of(view.order, ticket(view.order.kitchen)))


def _shown(view: TicketView) -> StoredAnswer:
    """Show one ticket, with its version as ETag, and on reads the feed number that it is true for."""
    seen = () if view.feed_seq is None else feed_seq(view.feed_seq)
    return reply(ticket_body(view), headers=(("etag", f'"{view.ticket.version}"'), *seen))


def _stations(stations: Stations) -> StoredAnswer:
    return reply(stations_body(stations), headers=(("etag", f'"{stations.version}"'),))
