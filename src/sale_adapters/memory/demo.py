"""The demo's shop in memory: its catalogue, and what its items cost (contract §11)."""

from collections.abc import Mapping

from sale_adapters.memory.catalog import MemoryCatalog
from sale_adapters.memory.pricing import MemoryPricing
from sale_adapters.wire.demo_shop import CATEGORIES, CHANNELS, MENU


def demo_catalog() -> MemoryCatalog:
    """Return a catalogue with the demo's items and the sale channels of its two merchants."""
    catalog = MemoryCatalog()
    for channel in CHANNELS.values():
        catalog.sell_at(channel.id, merchant_id=channel.merchant_id, currency=channel.currency)
    for category_id, name in CATEGORIES.items():
        catalog.categories[category_id] = {"id": category_id, "name": name}
    for item in MENU.values():
        catalog.offer(
            item.id, item.name, category_id=item.category_id, stock_id=item.stock_id, recipe_id=item.recipe_id
        )
    return catalog


def demo_pricing() -> MemoryPricing:
    """Return what the demo's items cost."""
    pricing = MemoryPricing()
    for item in MENU.values():
        assert isinstance(item.prices, Mapping), "the shop names a currency with every price"
        for currency, price in item.prices.items():
            pricing.charge(item.id, price, currency)
    return pricing
