"""Pricing in memory: a price an item, a discount and a tax for all, exact to the last place."""

from decimal import Decimal

from sale_adapters.memory.scripted import Scripted
from sale_domain.documents import JsonObject
from sale_domain.ids import ItemId, LineId
from sale_domain.lines import Line, LinePrice
from sale_domain.money import Currency, Money
from sale_domain.port_errors import SisterRefused
from sale_domain.ports.sisters import PricingRequest
from sale_domain.quotes import Quote, QuotedLine, Totals

_PERCENT = Decimal("0.01")


class MemoryPricing(Scripted):
    """The `Pricing` port over a dictionary of prices.

    Attributes:
        prices: What one of an item costs, before discount and tax.
        discount_percent: Taken off every line.
        tax_percent: Put on every line, after the discount.
        v2: The script of v2; what is set on pricing itself is v1's.
        requests: What v1 was asked, oldest first.
        requests_v2: What v2 was asked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.prices: dict[ItemId, Money] = {}
        self.discount_percent = Decimal(0)
        self.tax_percent = Decimal(0)
        self.v2 = Scripted()
        self.requests: list[PricingRequest] = []
        self.requests_v2: list[PricingRequest] = []

    def charge(self, item_id: str, amount: Decimal | int | str, currency: str) -> None:
        """Set what one of an item costs."""
        self.prices[ItemId(item_id)] = Money(Decimal(amount), Currency(currency))

    async def calculate(self, request: PricingRequest) -> Quote:
        """See `Pricing`."""
        self.requests.append(request)
        await self.answer()
        return self.quote(request)

    def quote(self, request: PricingRequest) -> Quote:
        """Return what v1 says when nothing is in its way: at once, whatever the script."""
        prices = {line.id: self._price(line, request.currency) for line in request.lines}
        totals = Totals(
            subtotal=Money.sum(
                (prices[line.id].base_price.times(line.quantity) for line in request.lines), currency=request.currency
            ),
            discount=Money.sum((price.discount for price in prices.values()), currency=request.currency),
            tax=Money.sum((price.tax for price in prices.values()), currency=request.currency),
            total=Money.sum((price.total for price in prices.values()), currency=request.currency),
        )
        lines = {
            line.id: QuotedLine(price=prices[line.id], fare_id=_fare_id(line), fare_provider="memory")
            for line in request.lines
        }
        return Quote(lines=lines, totals=totals, document=_document(lines, totals))

    async def calculate_v2(self, request: PricingRequest) -> JsonObject:
        """See `Pricing`."""
        self.requests_v2.append(request)
        await self.v2.answer()
        return {
            "order": {"currency": request.currency, "saleChannelId": request.sale_channel_id},
            "items": [{"lineId": line.id, "snapshot": {"quantity": line.quantity}} for line in request.lines],
        }

    def _price(self, line: Line, currency: Currency) -> LinePrice:
        base = self._base_price(line, currency)
        whole = base.times(line.quantity)
        discount = whole.times(self.discount_percent * _PERCENT)
        tax = (whole - discount).times(self.tax_percent * _PERCENT)
        return LinePrice(
            base_price=base,
            unit_price=base - base.times(self.discount_percent * _PERCENT),
            discount=discount,
            tax=tax,
            total=whole - discount + tax,
        )

    def _base_price(self, line: Line, currency: Currency) -> Money:
        if line.is_child:
            return Money.zero(currency)
        if line.own_price is not None:
            return line.own_price
        price = self.prices.get(line.item_id) if line.item_id is not None else None
        if price is None or price.currency != currency:
            raise SisterRefused(sister="pricing", status=422, reason=f"{line.item_id} has no price in {currency}")
        return price


def _fare_id(line: Line) -> str | None:
    return None if line.item_id is None else f"fare-{line.item_id}"


def _document(lines: dict[LineId, QuotedLine], totals: Totals) -> JsonObject:
    return {
        "items": [
            {
                "lineId": line_id,
                "basePrice": line.price.base_price.amount,
                "unitPrice": line.price.unit_price.amount,
                "discount": line.price.discount.amount,
                "tax": line.price.tax.amount,
                "total": line.price.total.amount,
                "fareId": line.fare_id,
                "fareProvider": line.fare_provider,
            }
            for line_id, line in lines.items()
        ],
        "totals": {
            "subtotal": totals.subtotal.amount,
            "discount": totals.discount.amount,
            "tax": totals.tax.amount,
            "total": totals.total.amount,
        },
    }
