"""One line of an order: a product, a custom item, or a part of a combo."""

from decimal import Decimal
from enum import Enum

import attrs

from sale_domain.ids import ItemId, LineId, RecipeId, StockId
from sale_domain.money import Money

PRODUCT_VARIANT = "PRODUCT_VARIANT"
"""The item type of a line unless said otherwise."""


class LineMode(Enum):
    """Where a line's name and price come from."""

    PRODUCT = "PRODUCT"
    CUSTOM = "CUSTOM"


class Keep(Enum):
    """Says that a change leaves a field as it is, where None means to empty it."""

    KEEP = "keep"


@attrs.frozen(kw_only=True)
class LinePrice:
    """What a line costs: `total = base_price × quantity − discount + tax`; unit_price is after discount."""

    base_price: Money
    unit_price: Money
    discount: Money
    tax: Money
    total: Money


@attrs.frozen(kw_only=True)
class Line:
    """A line of an order.

    Attributes:
        item_id: The catalogue's item; None for a CUSTOM line.
        lead_id: The combo's lead line, on its children only.
        quantity: Greater than 0, at most 4 decimals; a child's is the whole (per combo × the lead's).
        per_combo: On a child, how much of it one combo has.
        own_price: A CUSTOM line's price for one, before checkout; None for a PRODUCT line.
        price: What checkout froze; None in DRAFT.
        stock_id: Where inventory keeps the item; frozen by checkout.
        recipe_id: How the kitchen makes it; frozen by checkout.
        sent_quantity: What the kitchen has and has not voided.
    """

    id: LineId
    mode: LineMode
    item_type: str = PRODUCT_VARIANT
    item_id: ItemId | None = None
    name: str
    lead_id: LineId | None = None
    quantity: Decimal
    per_combo: Decimal | None = None
    note: str | None = None
    own_price: Money | None = None
    price: LinePrice | None = None
    stock_id: StockId | None = None
    recipe_id: RecipeId | None = None
    sent_quantity: Decimal = Decimal(0)

    @property
    def is_child(self) -> bool:
        """Tell whether the line belongs to a combo's lead."""
        return self.lead_id is not None

    @property
    def unit_price(self) -> Money | None:
        """Return the frozen price for one, or a CUSTOM line's own."""
        return self.price.unit_price if self.price else self.own_price

    def without_price(self) -> "Line":
        """Return the line as it was before checkout froze it."""
        return attrs.evolve(self, price=None, stock_id=None, recipe_id=None)


@attrs.frozen(kw_only=True)
class Component:
    """A part of a combo that is being added; `quantity` is given for one combo."""

    id: LineId
    item_id: ItemId
    name: str
    quantity: Decimal


@attrs.frozen(kw_only=True)
class NewProduct:
    """A catalogue item that is being added; with components it is a combo."""

    id: LineId
    item_type: str = PRODUCT_VARIANT
    item_id: ItemId
    name: str
    quantity: Decimal
    note: str | None = None
    components: tuple[Component, ...] = ()


@attrs.frozen(kw_only=True)
class NewCustom:
    """An item with a name and a price of its own, in the order's currency; such lines never merge."""

    id: LineId
    name: str
    unit_price: Decimal
    quantity: Decimal
    note: str | None = None


NewItem = NewProduct | NewCustom
"""What can be added to an order."""
