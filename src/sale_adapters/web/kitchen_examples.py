"""Two bowls of phở in the kitchen, as the documentation shows them."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from sale_adapters.wire.kitchen import (
    SentBody,
    StationsBody,
    TicketBody,
    TicketListBody,
    sent_body,
    stations_body,
    ticket_body,
    ticket_list_body,
)
from sale_domain import cooking
from sale_domain.allocations import Seating, Usage
from sale_domain.cooking import Menu, Preparation
from sale_domain.ids import (
    ItemId,
    KitchenTicketId,
    LineId,
    MerchantId,
    OrderId,
    RecipeId,
    SaleChannelId,
    StationId,
    UnitId,
    UsageId,
)
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.lines import NewProduct
from sale_domain.money import Currency
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.ports.kitchen import TicketPage, TicketView
from sale_domain.ports.orders import Decision
from sale_domain.stations import Station, Stations

_AT = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
_ORDER_ID = OrderId("01KE6YB4M0000000000000000126")
_PHO = ItemId("variant-pho")
_STATIONS = Stations(
    version=1,
    stations=(
        Station(id=StationId("stove"), name="Bếp", category_ids=("category-mon-chinh",)),
        Station(id=StationId("bar"), name="Quầy nước", item_ids=(ItemId("variant-tra-da"),)),
    ),
)
_AT_TABLE_4 = Usage(
    id=UsageId("01KE6YB4M0000000000000000326"),
    merchant_id=MerchantId("merchant-1"),
    order_id=_ORDER_ID,
    unit_id=UnitId("table-4"),
    started_at=_AT,
)


def bowls_sent() -> Change:
    """Send two bowls of phở, one of them without onion."""
    order = Order(
        id=_ORDER_ID,
        number=f"{_AT:%Y%m%d%H%M%S}-{_ORDER_ID}",
        merchant_id=MerchantId("merchant-1"),
        sale_channel_id=SaleChannelId("channel-vnd"),
        currency=Currency("VND"),
        created_at=_AT,
        created_by="user-lan",
        updated_at=_AT,
        seating=Seating((_AT_TABLE_4,)),
    )
    pho = NewProduct(
        id=LineId("01KE6YB4M0000000000000000226"),
        item_id=_PHO,
        name="Phở bò tái",
        quantity=Decimal(2),
        note="no onion",
    )
    made = Preparation(recipe_id=RecipeId("recipe-pho"), category_ids=("category-mon-chinh",))
    numbers = count(4)
    return cooking.send(
        order.created(items=(pho,)).order,
        (),
        Menu(stations=_STATIONS, preparations={_PHO: made}),
        new_id=lambda _: f"01KE6YB4M00000000000000{next(numbers):03}26",
        at=_AT,
        by="user-lan",
    )


def bowls_begun() -> Change:
    """Let a cook begin with them."""
    order = bowls_sent().order
    return cooking.act(order, order.kitchen.items[0].id, KitchenItemAction.COOK, at=_AT, by="user-minh")


def kitchen_examples() -> dict[type, object]:
    """Return an example of every answer of the kitchen, by its class."""
    view = Decision(change=bowls_sent()).view(snapshot=None)
    (ticket,) = view.order.kitchen.tickets
    shown = TicketView.of(view.order, ticket)
    return {
        SentBody: sent_body(view),
        TicketBody: ticket_body(shown),
        TicketListBody: ticket_list_body(
            TicketPage(tickets=(shown,), next_after=KitchenTicketId(ticket.id), feed_seq=3)
        ),
        StationsBody: stations_body(_STATIONS),
    }
