"""The demo's shop (contract §11): a small phở shop in đồng and a coffee counter in dollars.

The sandbox serves it as commerce and pricing would, and `memory` holds it for tests: both sell the same.
"""

from collections.abc import Mapping
from decimal import Decimal

import attrs


@attrs.frozen(kw_only=True)
class Variant:
    """One thing on the menu. ``prices`` are per currency; a bare figure holds in every currency."""

    id: str
    name: str
    description: str
    category_id: str
    uom: str
    prices: Mapping[str, Decimal] | Decimal
    stock_id: str | None = None
    recipe_id: str | None = None
    components: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """The id without its kind."""
        return self.id.removeprefix("variant-")

    @property
    def product_id(self) -> str:
        """The product that this is a variant of."""
        return f"product-{self.slug}"

    def price_in(self, currency: str) -> Decimal | None:
        """Return the base price, or None where the thing is not sold in ``currency``."""
        return self.prices.get(currency) if isinstance(self.prices, Mapping) else self.prices


@attrs.frozen(kw_only=True)
class Channel:
    """One place of sale of one merchant, with its currency."""

    id: str
    merchant_id: str
    currency: str
    name: str


CATEGORIES: Mapping[str, str] = {
    "category-mon-chinh": "Món chính",
    "category-do-uong": "Đồ uống",
    "category-combo": "Combo",
    "category-khac": "Món khác",
}

CHANNELS: Mapping[str, Channel] = {
    channel.id: channel
    for channel in (
        Channel(id="channel-vnd", merchant_id="merchant-1", currency="VND", name="Quán Phở Hồ Gươm"),
        Channel(id="channel-usd", merchant_id="merchant-1", currency="USD", name="Quầy cà phê sân bay"),
        Channel(id="channel-2", merchant_id="merchant-2", currency="VND", name="Tiệm Bánh Mì Sài Gòn"),
    )
}

MENU: Mapping[str, Variant] = {
    variant.id: variant
    for variant in (
        Variant(
            id="variant-pho",
            name="Phở bò tái",
            description="Bánh phở tươi, nước dùng xương hầm mười hai giờ",
            category_id="category-mon-chinh",
            uom="tô",
            prices={"VND": Decimal(65_000)},
            stock_id="stock-pho",
            recipe_id="recipe-pho",
        ),
        Variant(
            id="variant-banh-mi",
            name="Bánh mì thịt",
            description="Bánh mì giòn, pa-tê, chả lụa, đồ chua",
            category_id="category-mon-chinh",
            uom="ổ",
            prices={"VND": Decimal(30_000)},
            stock_id="stock-banh-mi",
            recipe_id="recipe-banh-mi",
        ),
        Variant(
            id="variant-tra-da",
            name="Trà đá",
            description="Trà xanh Thái Nguyên với đá",
            category_id="category-do-uong",
            uom="ly",
            prices={"VND": Decimal(5_000)},
            stock_id="stock-tra-da",
        ),
        Variant(
            id="variant-combo-sang",
            name="Combo sáng",
            description="Một bánh mì thịt và một trà đá",
            category_id="category-combo",
            uom="phần",
            prices={"VND": Decimal(35_000)},
            components=("variant-banh-mi", "variant-tra-da"),
        ),
        Variant(
            id="variant-espresso",
            name="Cà phê espresso",
            description="Cà phê Cầu Đất pha máy",
            category_id="category-do-uong",
            uom="tách",
            prices={"USD": Decimal("3.5")},
            stock_id="stock-espresso",
            recipe_id="recipe-espresso",
        ),
    )
}
