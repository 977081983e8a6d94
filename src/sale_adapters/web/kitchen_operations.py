"""Every operation that HTTP offers on the kitchen (contract §9)."""

from sale_adapters.web import kitchen
from sale_adapters.web.routing import Operation
from sale_adapters.wire.bodies import EmptyBody
from sale_adapters.wire.kitchen import (
    SendBody,
    SentBody,
    StationsBody,
    TicketBody,
    TicketListBody,
    TicketQuery,
    VoidBody,
)
from sale_domain.documents import JsonObject
from sale_domain.errors import IllegalTransition, NotFound
from sale_domain.kitchen_errors import (
    MoreThanOrdered,
    NothingToSend,
    NotSendable,
    StationsOverlap,
    TooManyKitchenItems,
)
from sale_domain.order_errors import OrderChanged, UnknownItem
from sale_domain.permissions import Permission
from sale_domain.port_errors import SisterRefused, SisterUnavailable

_TICKET = "kitchen ticket"
_DROPPED: JsonObject = {"reason": "it fell down"}
_SOME: JsonObject = {
    "items": [
        {"saleOrderItemId": "01KE6YB4M0000000000000000226", "quantity": 1, "course": "main", "note": "no onion"},
    ]
}
_STATIONS: JsonObject = {
    "stations": [
        {"id": "stove", "name": "Bếp", "categoryIds": ["category-mon-chinh"]},
        {"id": "bar", "name": "Quầy nước", "itemIds": ["variant-tra-da"], "categoryIds": ["category-do-uong"]},
    ]
}


TICKET_OPERATIONS = (
    Operation(
        method="POST",
        path="/sale-orders/{orderId}/kitchen-tickets",
        access=Permission.KITCHEN_TICKET_CREATE,
        summary="Send lines to the kitchen, all that is unsent when none is named: one ticket per station.",
        handler=kitchen.send,
        body=SendBody,
        answers={201: SentBody},
        changes="order",
        refuses=(
            NotFound,
            NotSendable,
            TooManyKitchenItems,
            IllegalTransition,
            MoreThanOrdered,
            NothingToSend,
            OrderChanged,
            UnknownItem,
            SisterRefused,
            SisterUnavailable,
        ),
        examples=({}, _SOME),
    ),
    Operation(
        method="GET",
        path="/kitchen-tickets",
        access=Permission.KITCHEN_TICKET_FIND,
        summary="List the merchant's tickets, oldest first; status takes several, as in PENDING,PROCESSING.",
        handler=kitchen.find,
        query=TicketQuery,
        answers={200: TicketListBody},
    ),
    Operation(
        method="GET",
        path="/kitchen-tickets/{ticketId}",
        access=Permission.KITCHEN_TICKET_FIND_BY_ID,
        summary="Show a ticket.",
        handler=kitchen.find_by_id,
        answers={200: TicketBody},
        refuses=(NotFound,),
    ),
    Operation(
        method="POST",
        path="/kitchen-tickets/{ticketId}/void",
        access=Permission.KITCHEN_TICKET_VOID,
        summary="Void every item of a ticket that can be voided.",
        handler=kitchen.void,
        body=VoidBody,
        answers={200: TicketBody},
        changes=_TICKET,
        refuses=(NotFound, IllegalTransition),
        examples=(_DROPPED,),
    ),
    Operation(
        method="POST",
        path="/kitchen-tickets/{ticketId}/rush",
        access=Permission.KITCHEN_TICKET_RUSH,
        summary="Put a ticket before all others.",
        handler=kitchen.rush,
        body=EmptyBody,
        answers={200: TicketBody},
        changes=_TICKET,
        refuses=(NotFound, IllegalTransition),
        examples=({},),
    ),
)

KITCHEN_ITEM_OPERATIONS = tuple(
    Operation(
        method="POST",
        path=f"/kitchen-ticket-items/{{ticketItemId}}/{name}",
        access=permission,
        summary=summary,
        handler=handler,
        body=body,
        answers={200: TicketBody},
        changes=_TICKET,
        refuses=(NotFound, IllegalTransition),
        examples=(example,),
    )
    for name, permission, summary, handler, body, example in (
        ("cook", Permission.KITCHEN_ITEM_COOK, "Begin with an item.", kitchen.cook, EmptyBody, {}),
        (
            "finish",
            Permission.KITCHEN_ITEM_FINISH,
            "Say that an item is ready: inventory consumes its materials (C15).",
            kitchen.finish,
            EmptyBody,
            {},
        ),
        ("serve", Permission.KITCHEN_ITEM_SERVE, "Say that the guest has an item.", kitchen.serve, EmptyBody, {}),
        (
            "recall",
            Permission.KITCHEN_ITEM_RECALL,
            "Take a ready item back to be cooked again.",
            kitchen.recall,
            EmptyBody,
            {},
        ),
        (
            "void",
            Permission.KITCHEN_ITEM_VOID,
            "Void an item; its quantity can be sent again.",
            kitchen.void_item,
            VoidBody,
            _DROPPED,
        ),
    )
)

STATION_OPERATIONS = (
    Operation(
        method="GET",
        path="/kitchen-stations",
        access=Permission.KITCHEN_STATION_FIND,
        summary="Show the merchant's kitchen stations, and what is cooked where.",
        handler=kitchen.stations,
        answers={200: StationsBody},
    ),
    Operation(
        method="PUT",
        path="/kitchen-stations",
        access=Permission.KITCHEN_STATION_UPDATE,
        summary="Set all of the merchant's kitchen stations at once.",
        handler=kitchen.replace_stations,
        body=StationsBody,
        answers={200: StationsBody},
        changes="stations",
        refuses=(StationsOverlap,),
        examples=(_STATIONS,),
    ),
)

KITCHEN_OPERATIONS = (*TICKET_OPERATIONS, *KITCHEN_ITEM_OPERATIONS, *STATION_OPERATIONS)
"""In the order of the documentation."""
