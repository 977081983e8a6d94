"""What the kitchen has as rows, and rows as what the kitchen has."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sale_adapters.postgres import kitchen_statements as sql
from sale_adapters.postgres.trips import Query, Row
from sale_domain.ids import ItemId, KitchenItemId, KitchenTicketId, LineId, OrderId, RecipeId, StationId, bucket_of
from sale_domain.kitchen import Kitchen, KitchenItem, KitchenTicket
from sale_domain.kitchen_lifecycle import KitchenItemStatus
from sale_domain.orders import Order


def kitchen_reads(bucket: int, order_ids: Sequence[OrderId]) -> tuple[Query, Query]:
    """Return the reads of some orders' tickets, and of those tickets' items."""
    which = {"bucket": bucket, "order_ids": list(order_ids)}
    return sql.TICKETS(**which), sql.ITEMS(**which)


def kitchen_writes(order: Order, before: Kitchen) -> Iterator[Query]:
    """Yield what turns the kitchen that was loaded into the one that is there now; nothing is ever deleted."""
    if order.kitchen == before:  # as ever when it was not read
        return
    old_tickets = {ticket.id: ticket for ticket in before.tickets}
    old_items = {item.id: item for ticket in before.tickets for item in ticket.items}
    for ticket in order.kitchen.tickets:
        if ticket == old_tickets.get(ticket.id):
            continue
        yield (sql.UPDATE_TICKET if ticket.id in old_tickets else sql.INSERT_TICKET)(**_ticket_values(ticket, order))
        for item in ticket.items:
            if item != old_items.get(item.id):
                values = _item_values(item, ticket, order)
                yield (sql.UPDATE_ITEM if item.id in old_items else sql.INSERT_ITEM)(**values)


def kitchen_of(tickets: Sequence[Row], items: Sequence[Row]) -> Kitchen:
    """Return the kitchen of one order."""
    return Kitchen(tickets_of(tickets, items))


def tickets_of(tickets: Sequence[Row], items: Sequence[Row]) -> tuple[KitchenTicket, ...]:
    """Return tickets; of the items each takes those that are on it."""
    on_ticket: defaultdict[str, list[Row]] = defaultdict(list)
    for item in items:
        on_ticket[item["ticket_id"]].append(item)
    return tuple(_ticket(row, on_ticket[row["id"]]) for row in tickets)


def _ticket(row: Row, items: Sequence[Row]) -> KitchenTicket:
    return KitchenTicket(
        id=KitchenTicketId(row["id"]),
        station_id=None if row["station_id"] is None else StationId(row["station_id"]),
        version=row["version"],
        rush=row["rush"],
        order_cancelled=row["order_cancelled"],
        sent_at=row["sent_at"],
        sent_by=row["sent_by"],
        items=tuple(map(_item, items)),
    )


def _item(row: Row) -> KitchenItem:
    return KitchenItem(
        id=KitchenItemId(row["id"]),
        line_id=LineId(row["line_id"]),
        item_type=row["item_type"],
        item_id=None if row["item_id"] is None else ItemId(row["item_id"]),
        name=row["name"],
        quantity=row["quantity"],
        status=KitchenItemStatus(row["status"]),
        course=row["course"],
        note=row["note"],
        recipe_id=None if row["recipe_id"] is None else RecipeId(row["recipe_id"]),
        moves=row["moves"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        void_reason=row["void_reason"],
    )


def _ticket_values(ticket: KitchenTicket, order: Order) -> dict[str, object]:
    return {
        "bucket": bucket_of(order.id),
        "id": ticket.id,
        "merchant_id": order.merchant_id,
        "order_id": order.id,
        "station_id": ticket.station_id,
        "status": ticket.status.value,
        "version": ticket.version,
        "rush": ticket.rush,
        "order_cancelled": ticket.order_cancelled,
        "sent_at": ticket.sent_at,
        "sent_by": ticket.sent_by,
    }


def _item_values(item: KitchenItem, ticket: KitchenTicket, order: Order) -> dict[str, object]:
    return {
        "bucket": bucket_of(order.id),
        "id": item.id,
        "order_id": order.id,
        "ticket_id": ticket.id,
        "line_id": item.line_id,
        "item_type": item.item_type,
        "item_id": item.item_id,
        "name": item.name,
        "quantity": item.quantity,
        "status": item.status.value,
        "course": item.course,
        "note": item.note,
        "recipe_id": item.recipe_id,
        "moves": item.moves,
        "changed_at": item.changed_at,
        "changed_by": item.changed_by,
        "void_reason": item.void_reason,
    }
