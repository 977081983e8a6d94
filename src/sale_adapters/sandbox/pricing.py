"""Pricing: what a basket costs, as a charge (v1) and as a snapshot for audit and tax (v2)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sale_adapters.sandbox.answers import ExactJson, Refused, checked_money, money, read
from sale_adapters.sandbox.catalogue import variant
from sale_adapters.sandbox.control import PricingFaults

_ZERO = Decimal(0)
_PERCENT = Decimal(100)


class AskedLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One line of the basket, as Sale asks for it."""

    line_id: str
    quantity: Decimal
    mode: Literal["PRODUCT", "CUSTOM"] = "PRODUCT"
    item_type: str = "PRODUCT_VARIANT"
    item_id: str | None = None
    lead_item_id: str | None = None
    unit_price: Decimal | None = None


class Basket(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The request of both versions."""

    currency: str
    sale_channel_id: str
    items: list[AskedLine]


@attrs.frozen(kw_only=True)
class PricedLine:
    """What one line costs: total = basePrice · quantity - discount + tax, each at 4 places."""

    asked: AskedLine
    base_price: Decimal
    unit_price: Decimal
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    fare_id: str | None

    @property
    def total(self) -> Decimal:
        """What the line adds to the basket's total."""
        return money(self.subtotal - self.discount + self.tax)

    def shown(self) -> dict[str, object]:
        """Return the line of the v1 answer."""
        return {
            "lineId": self.asked.line_id,
            "basePrice": self.base_price,
            "unitPrice": self.unit_price,
            "discount": self.discount,
            "tax": self.tax,
            "total": self.total,
            "fareId": self.fare_id,
            "fareProvider": "sandbox" if self.fare_id else None,
        }


def pricing_routes(told: Callable[[], PricingFaults]) -> list[Route]:
    """Build both simulations; ``told`` gives the prices and percentages that control has set."""

    async def calculate(request: Request) -> Response:
        basket = await read(request, Basket)
        lines = [_priced(line, basket.currency, told()) for line in basket.items]
        return ExactJson({"items": [line.shown() for line in lines], "totals": _totals(lines)})

    async def calculate_v2(request: Request) -> Response:
        basket = await read(request, Basket)
        lines = [_priced(line, basket.currency, told()) for line in basket.items]
        return ExactJson(
            {"order": _order_snapshot(basket, lines), "items": [_snapshot(line, told()) for line in lines]}
        )

    return [
        Route("/simulation/calculate", calculate, methods=["POST"]),
        Route("/simulation-v2/calculate", calculate_v2, methods=["POST"]),
    ]


def _priced(line: AskedLine, currency: str, told: PricingFaults) -> PricedLine:
    quantity = checked_money(line.quantity, f"quantity of {line.line_id}")
    if quantity == 0:
        raise Refused(422, "bad-amount", f"quantity of {line.line_id} must be above 0")
    base_price = _base_price(line, currency, told.prices)
    subtotal = money(base_price * quantity)
    discount = money(subtotal * told.discount_percent / _PERCENT)
    return PricedLine(
        asked=line,
        base_price=base_price,
        unit_price=money((subtotal - discount) / quantity),
        subtotal=subtotal,
        discount=discount,
        tax=money((subtotal - discount) * told.tax_percent / _PERCENT),
        fare_id=f"fare-{line.item_id}-{currency}" if line.mode == "PRODUCT" else None,
    )


def _base_price(line: AskedLine, currency: str, prices: Mapping[str, Decimal]) -> Decimal:
    if line.mode == "CUSTOM":
        if line.unit_price is None:
            raise Refused(422, "price-missing", f"CUSTOM line {line.line_id} names no unitPrice")
        return checked_money(line.unit_price, f"unitPrice of {line.line_id}")
    item = variant(line.item_id or "")
    told = prices.get(line.item_id or "")
    if item is None and told is None:
        raise Refused(422, "unknown-item", f"pricing knows no item {line.item_id!r}")
    if line.lead_item_id is not None:
        return _ZERO
    price = told if told is not None or item is None else item.price_in(currency)
    if price is None:
        raise Refused(422, "no-fare", f"{line.item_id} has no price in {currency}")
    return money(price)


def _totals(lines: list[PricedLine]) -> dict[str, Decimal]:
    return {
        "subtotal": money(sum((line.subtotal for line in lines), _ZERO)),
        "discount": money(sum((line.discount for line in lines), _ZERO)),
        "tax": money(sum((line.tax for line in lines), _ZERO)),
        "total": money(sum((line.total for line in lines), _ZERO)),
    }


def _order_snapshot(basket: Basket, lines: list[PricedLine]) -> dict[str, object]:
    return {
        "engine": "simulation-v2",
        "currency": basket.currency,
        "saleChannelId": basket.sale_channel_id,
        **_totals(lines),
    }


def _snapshot(line: PricedLine, told: PricingFaults) -> dict[str, object]:
    taxes = [{"code": "VAT", "percent": told.tax_percent, "amount": line.tax}]
    shown = {**line.shown(), "quantity": line.asked.quantity, "taxes": taxes}
    return {"lineId": shown.pop("lineId"), "snapshot": shown}
