"""What the sandbox sells: the demo's shop, and anything that a test makes up."""

import re
from decimal import Decimal

from sale_adapters.sandbox.answers import money
from sale_adapters.wire.demo_shop import MENU, Variant

_MADE_UP = re.compile(r"variant-x-(\d{1,11}(?:\.\d{1,4})?)", re.ASCII)


def variant(variant_id: str) -> Variant | None:
    """Return what ``variant_id`` names: a thing on the menu, or ``variant-x-<n>`` that costs n in any currency."""
    if made_up := _MADE_UP.fullmatch(variant_id):
        return Variant(
            id=variant_id,
            name=f"Món thử {made_up[1]}",
            description="Món chỉ có trong sandbox",
            category_id="category-khac",
            uom="cái",
            prices=money(Decimal(made_up[1])),
            stock_id=variant_id.replace("variant", "stock", 1),
        )
    return MENU.get(variant_id)


def product(product_id: str) -> Variant | None:
    """Return the variant that shows ``product_id``; each product of the sandbox has one."""
    return variant(product_id.replace("product-", "variant-", 1)) if product_id.startswith("product-") else None
