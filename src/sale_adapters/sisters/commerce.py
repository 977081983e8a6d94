"""Commerce's catalogue over HTTP (C6)."""

import asyncio
import time
from collections.abc import Callable, Mapping
from urllib.parse import quote

import attrs

from sale_adapters.sisters.cache import Cache
from sale_adapters.sisters.documents import Document, accepted, unusable
from sale_adapters.sisters.transport import Transport
from sale_domain.documents import JsonObject
from sale_domain.ids import ItemId, MerchantId, RecipeId, SaleChannelId, StockId
from sale_domain.money import currency
from sale_domain.order_errors import UnknownItem, UnknownSaleChannel
from sale_domain.snapshots import CatalogItem, SaleChannel

SISTER = "commerce"

_NOT_FOUND = 404


@attrs.frozen(kw_only=True)
class CommercePaths:
    """Where commerce keeps what; an id is appended to all but ``product_infos``."""

    product_variants: str = "/product-variants"
    product_infos: str = "/product-infos"
    sale_channels: str = "/sale-channels"
    categories: str = "/categories"


class _Missing(Exception):
    """Commerce answered 404."""


class CommerceCatalog:
    """Keep the port `Catalog`: what exists is remembered for a minute, what does not is asked for again."""

    def __init__(
        self,
        *,
        transport: Transport,
        paths: CommercePaths | None = None,
        fresh_seconds: float = 60.0,
        limit: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read from the commerce that ``transport`` calls.

        Args:
            transport: calls commerce, with a service token.
            paths: below the transport's base URL.
            fresh_seconds: how old an answer may be.
            limit: how many things of each kind are remembered.
            monotonic: seconds that never go back.
        """
        self._transport = transport
        self._paths = paths or CommercePaths()
        self._items: Cache[ItemId, CatalogItem] = Cache(seconds=fresh_seconds, limit=limit, monotonic=monotonic)
        self._categories: Cache[str, JsonObject] = Cache(seconds=fresh_seconds, limit=limit, monotonic=monotonic)
        self._channels: Cache[SaleChannelId, SaleChannel] = Cache(
            seconds=fresh_seconds, limit=limit, monotonic=monotonic
        )

    async def item(self, item_id: ItemId) -> CatalogItem:
        """Read an item; its name is the product info's, or the variant's slug where there is no info.

        Raises:
            UnknownItem: commerce has no such variant.
            SisterRefused: commerce refuses the question.
            SisterUnavailable: commerce does not answer, or nonsense.
        """
        try:
            return await self._items.get(item_id, lambda: self._item(item_id))
        except _Missing:
            raise UnknownItem(item_id=item_id) from None

    async def category(self, category_id: str) -> JsonObject | None:
        """Read a category; None when there is none."""
        try:
            return await self._categories.get(category_id, lambda: self._category(category_id))
        except _Missing:
            return None

    async def sale_channel(self, sale_channel_id: SaleChannelId) -> SaleChannel:
        """Read a sale channel.

        Raises:
            UnknownSaleChannel: commerce has no such channel.
            SisterRefused: commerce refuses the question.
            SisterUnavailable: commerce does not answer, or nonsense.
        """
        try:
            return await self._channels.get(sale_channel_id, lambda: self._sale_channel(sale_channel_id))
        except _Missing:
            raise UnknownSaleChannel(sale_channel_id=sale_channel_id) from None

    async def _item(self, item_id: ItemId) -> CatalogItem:
        variant, info = await asyncio.gather(self._named(self._paths.product_variants, item_id), self._info(item_id))
        categories = variant.texts("categoryIds") if variant.fields.get("categoryIds") else ()
        stock_id, recipe_id = variant.text_or_none("stockId"), variant.text_or_none("recipeId")
        return CatalogItem(
            item_id=item_id,
            name=variant.text("slug") if info is None else info.text("name"),
            category_id=next(iter(categories), None),
            stock_id=StockId(stock_id) if stock_id else None,
            recipe_id=RecipeId(recipe_id) if recipe_id else None,
            product_variant=variant.fields,
            product_info=None if info is None else info.fields,
        )

    async def _info(self, item_id: ItemId) -> Document | None:
        of_item = {"principalType": "ProductVariant", "principalId": item_id}
        try:
            return await self._read(self._paths.product_infos, of_item)
        except _Missing:
            return None

    async def _category(self, category_id: str) -> JsonObject:
        return (await self._named(self._paths.categories, category_id)).fields

    async def _sale_channel(self, sale_channel_id: SaleChannelId) -> SaleChannel:
        channel = await self._named(self._paths.sale_channels, sale_channel_id)
        try:
            code = currency(channel.text("currency"))
        except ValueError as error:
            raise channel.wrong("currency", str(error)) from None
        return SaleChannel(
            id=sale_channel_id,
            merchant_id=MerchantId(channel.text("merchantId")),
            currency=code,
            document=channel.fields,
        )

    async def _named(self, collection: str, thing_id: str) -> Document:
        if thing_id in {"", ".", ".."} or "/" in thing_id:
            raise _Missing  # in a path these would name something else, quoted or not: servers and proxies differ
        found = await self._read(f"{collection}/{quote(thing_id, safe='')}")
        if found.text("id") != thing_id:
            raise unusable(SISTER, f"it is about {found.text('id')!r} instead of {thing_id!r}")
        return found

    async def _read(self, path: str, params: Mapping[str, str] | None = None) -> Document:
        answer = await self._transport.call("GET", path, params=params)
        if answer.status == _NOT_FOUND:
            raise _Missing
        return accepted(SISTER, answer)
