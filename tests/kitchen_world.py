"""A kitchen with a stove and a bar: how tests of the heart send an order's lines, and move them on there."""

from decimal import Decimal
from itertools import count

from sale_domain import cooking
from sale_domain.cooking import Menu, Portion, Preparation
from sale_domain.ids import ItemId, LineId, RecipeId, StationId, new_id
from sale_domain.kitchen import KitchenItem
from sale_domain.kitchen_lifecycle import KitchenItemAction, KitchenItemStatus
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.stations import Station, Stations
from shop import MORNING

STOVE, BAR = StationId("stove"), StationId("bar")
STATIONS = Stations(
    version=1,
    stations=(
        Station(id=STOVE, name="Bếp", category_ids=("category-mon-chinh",)),
        Station(id=BAR, name="Quầy nước", item_ids=(ItemId("variant-tra-da"),)),
    ),
)
MENU = Menu(
    stations=STATIONS,
    preparations={
        ItemId("variant-pho"): Preparation(
            recipe_id=RecipeId("recipe-pho"), category_ids=("category-mon-chinh", "category-noodles")
        ),
        ItemId("variant-banh-mi"): Preparation(
            recipe_id=RecipeId("recipe-banh-mi"), category_ids=("category-mon-chinh",)
        ),
        ItemId("variant-tra-da"): Preparation(category_ids=("category-mon-chinh",)),
        ItemId("variant-combo-sang"): Preparation(),
    },
)
HISTORY: dict[KitchenItemStatus, tuple[KitchenItemAction, ...]] = {
    KitchenItemStatus.PENDING: (),
    KitchenItemStatus.COOKING: (KitchenItemAction.COOK,),
    KitchenItemStatus.READY: (KitchenItemAction.COOK, KitchenItemAction.FINISH),
    KitchenItemStatus.SERVED: (KitchenItemAction.COOK, KitchenItemAction.FINISH, KitchenItemAction.SERVE),
    KitchenItemStatus.VOIDED: (KitchenItemAction.VOID,),
}
"""How an item comes to be in a status."""

_numbers = count(1)


def kitchen_id(bucket: int) -> str:
    """Return an id that sorts behind all before it."""
    return new_id(milliseconds=1, randomness=next(_numbers), bucket=bucket)


def send(order: Order, *wanted: Portion, minute: int = 0) -> Change:
    """Send portions, or all that is unsent."""
    at = MORNING.replace(minute=minute)
    return cooking.send(order, wanted, MENU, new_id=kitchen_id, at=at, by="lan")


def portion(line_id: LineId, quantity: Decimal | int | str = 1, **options: str) -> Portion:
    """Return a part of a line to send; `station_id`, `course` and `note` as wanted."""
    return Portion(line_id=line_id, quantity=Decimal(quantity), **options)  # type: ignore[arg-type]  # see NewType


def tap(order: Order, item: KitchenItem, *actions: KitchenItemAction) -> Order:
    """Let a cook tap on one item, again and again."""
    for action in actions:
        reason = "dropped" if action is KitchenItemAction.VOID else None
        order = cooking.act(order, item.id, action, reason=reason, at=order.updated_at, by="minh").order
    return order
