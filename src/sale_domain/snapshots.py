"""What checkout freezes: the catalogue, the channel and both pricings, as they were (C23)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from sale_domain.documents import JsonObject
from sale_domain.ids import ItemId, LineId, MerchantId, RecipeId, SaleChannelId, StockId
from sale_domain.money import Currency


@attrs.frozen(kw_only=True)
class SaleChannel:
    """Where a merchant sells, as commerce says; `document` is its whole answer."""

    id: SaleChannelId
    merchant_id: MerchantId
    currency: Currency
    document: JsonObject


@attrs.frozen(kw_only=True)
class CatalogItem:
    """An item as commerce describes it; the documents are its whole answers.

    Attributes:
        name: What guests and cooks call it.
        category_id: The variant's first category.
    """

    item_id: ItemId
    name: str
    category_id: str | None = None
    stock_id: StockId | None = None
    recipe_id: RecipeId | None = None
    product_variant: JsonObject
    product_info: JsonObject | None = None


@attrs.frozen(kw_only=True)
class ItemSnapshot:
    """What was known of one line's item at checkout."""

    product_variant: JsonObject
    product_info: JsonObject | None = None
    category: JsonObject | None = None
    stock_id: StockId | None = None
    recipe_id: RecipeId | None = None
    fare_id: str | None = None
    fare_provider: str | None = None


@attrs.frozen(kw_only=True)
class CheckoutSnapshot:
    """Everything that one checkout was decided on; kept as long as the order, also when it is reverted.

    Attributes:
        checkout: 1 for the order's first checkout, 2 for the next, …
        exchange_rate: Units of the channel's currency per unit of the order's (C24); None when they are the same.
        items: By line; PRODUCT lines only.
        allocations: The order's usages of tables and other units, as they were then.
    """

    checkout: int
    at: datetime
    pricing_v1: JsonObject
    pricing_v2: JsonObject
    sale_channel: JsonObject
    items: Mapping[LineId, ItemSnapshot]
    allocations: tuple[JsonObject, ...] = ()
    exchange_rate: Decimal | None = None
