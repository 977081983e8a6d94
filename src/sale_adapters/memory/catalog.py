"""Commerce in memory: items, categories and sale channels that a test can set."""

from sale_adapters.memory.scripted import Scripted
from sale_domain.documents import JsonObject
from sale_domain.ids import ItemId, MerchantId, RecipeId, SaleChannelId, StockId
from sale_domain.money import Currency
from sale_domain.order_errors import UnknownItem, UnknownSaleChannel
from sale_domain.snapshots import CatalogItem, SaleChannel


class MemoryCatalog(Scripted):
    """The `Catalog` port over plain dictionaries.

    Attributes:
        items: What can be sold, by id; take one out and it is unknown.
        categories: Their documents, by id.
        sale_channels: Where it can be sold, by id.
    """

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[ItemId, CatalogItem] = {}
        self.categories: dict[str, JsonObject] = {}
        self.sale_channels: dict[SaleChannelId, SaleChannel] = {}

    def offer(
        self,
        item_id: str,
        name: str,
        *,
        category_id: str | None = None,
        stock_id: str | None = None,
        recipe_id: str | None = None,
    ) -> None:
        """Put an item into the catalogue, with documents as commerce would answer them."""
        variant = {
            "id": item_id,
            "categoryIds": [] if category_id is None else [category_id],
            **({"stockId": stock_id} if stock_id else {}),
            **({"recipeId": recipe_id} if recipe_id else {}),
        }
        self.items[ItemId(item_id)] = CatalogItem(
            item_id=ItemId(item_id),
            name=name,
            category_id=category_id,
            stock_id=None if stock_id is None else StockId(stock_id),
            recipe_id=None if recipe_id is None else RecipeId(recipe_id),
            product_variant=variant,
            product_info={"name": name},
        )

    def sell_at(self, sale_channel_id: str, *, merchant_id: str, currency: str) -> None:
        """Open a sale channel of a merchant."""
        self.sale_channels[SaleChannelId(sale_channel_id)] = SaleChannel(
            id=SaleChannelId(sale_channel_id),
            merchant_id=MerchantId(merchant_id),
            currency=Currency(currency),
            document={"id": sale_channel_id, "merchantId": merchant_id, "currency": currency, "status": "ACTIVE"},
        )

    async def item(self, item_id: ItemId) -> CatalogItem:
        """See `Catalog`."""
        await self.answer()
        if item_id not in self.items:
            raise UnknownItem(item_id=item_id)
        return self.items[item_id]

    async def category(self, category_id: str) -> JsonObject | None:
        """See `Catalog`."""
        await self.answer()
        return self.categories.get(category_id)

    async def sale_channel(self, sale_channel_id: SaleChannelId) -> SaleChannel:
        """See `Catalog`."""
        await self.answer()
        if sale_channel_id not in self.sale_channels:
            raise UnknownSaleChannel(sale_channel_id=sale_channel_id)
        return self.sale_channels[sale_channel_id]
