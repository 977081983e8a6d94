"""The demo's catalogue and prices (contract §11): a small phở shop in đồng and a coffee counter in dollars."""

from sale_adapters.memory.catalog import MemoryCatalog
from sale_adapters.memory.pricing import MemoryPricing


def demo_catalog() -> MemoryCatalog:
    """Return a catalogue with the demo's items and the sale channels of its two merchants."""
    catalog = MemoryCatalog()
    catalog.sell_at("channel-vnd", merchant_id="merchant-1", currency="VND")
    catalog.sell_at("channel-usd", merchant_id="merchant-1", currency="USD")
    catalog.sell_at("channel-2", merchant_id="merchant-2", currency="VND")
    catalog.categories["category-mon-chinh"] = {"id": "category-mon-chinh", "name": "Món chính"}
    catalog.categories["category-do-uong"] = {"id": "category-do-uong", "name": "Đồ uống"}
    catalog.offer(
        "variant-pho", "Phở bò tái", category_id="category-mon-chinh", stock_id="stock-pho", recipe_id="recipe-pho"
    )
    catalog.offer(
        "variant-banh-mi",
        "Bánh mì thịt",
        category_id="category-mon-chinh",
        stock_id="stock-banh-mi",
        recipe_id="recipe-banh-mi",
    )
    catalog.offer("variant-tra-da", "Trà đá", category_id="category-do-uong", stock_id="stock-tra-da")
    catalog.offer("variant-combo-sang", "Combo sáng", category_id="category-mon-chinh")
    catalog.offer(
        "variant-espresso",
        "Cà phê espresso",
        category_id="category-do-uong",
        stock_id="stock-espresso",
        recipe_id="recipe-espresso",
    )
    return catalog


def demo_pricing() -> MemoryPricing:
    """Return what the demo's items cost."""
    pricing = MemoryPricing()
    pricing.charge("variant-pho", 65_000, "VND")
    pricing.charge("variant-tra-da", 5_000, "VND")
    pricing.charge("variant-banh-mi", 30_000, "VND")
    pricing.charge("variant-combo-sang", 35_000, "VND")
    pricing.charge("variant-espresso", "3.5", "USD")
    return pricing
