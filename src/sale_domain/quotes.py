"""What pricing answers, and whether it can be used (C7, contract §10)."""

from collections.abc import Iterator, Mapping

import attrs

from sale_domain.basket import Basket
from sale_domain.documents import JsonObject
from sale_domain.ids import LineId
from sale_domain.lines import Line, LinePrice
from sale_domain.money import Currency, Money
from sale_domain.order_errors import AmountTooLarge
from sale_domain.port_errors import SisterUnavailable
from sale_domain.snapshots import CheckoutSnapshot


@attrs.frozen(kw_only=True)
class Totals:
    """What an order costs: `total = max(0, subtotal − discount + tax)` = the sum of the lines."""

    subtotal: Money
    discount: Money
    tax: Money
    total: Money


@attrs.frozen(kw_only=True)
class QuotedLine:
    """One line's price, and the fare that it comes from."""

    price: LinePrice
    fare_id: str | None = None
    fare_provider: str | None = None


@attrs.frozen(kw_only=True)
class Quote:
    """Pricing v1's answer for a whole order; `document` is the answer as it came."""

    lines: Mapping[LineId, QuotedLine]
    totals: Totals
    document: JsonObject

    def checked(self, basket: Basket, currency: Currency) -> "Quote":
        """Return the quote itself when every figure in it agrees with every other.

        Raises:
            AmountTooLarge: the lines cost more than can be written down.
            SisterUnavailable: a line is missing or too many, an amount is negative or in another currency, a combo's
                child is priced, or the totals are not the sums of the lines: nobody guesses which figure is meant.
        """
        if any(not figure.fits for figure in self._figures()):
            raise AmountTooLarge
        if {line.id for line in basket.lines} != set(self.lines):
            raise _unusable("it does not price the lines that were asked for")
        for line in basket.lines:
            _check_line(line, self.lines[line.id].price, currency)
        _check_totals(self.totals, [quoted.price for quoted in self.lines.values()], basket, self, currency)
        return self

    def frozen(self, line: Line, snapshot: CheckoutSnapshot) -> Line:
        """Return a line with its price, and with what commerce says of its item."""
        item = snapshot.items.get(line.id)
        return attrs.evolve(
            line,
            price=self.lines[line.id].price,
            stock_id=item.stock_id if item else None,
            recipe_id=item.recipe_id if item else None,
        )

    def _figures(self) -> Iterator[Money]:
        yield from (self.totals.subtotal, self.totals.discount, self.totals.tax, self.totals.total)
        for quoted in self.lines.values():
            price = quoted.price
            yield from (price.base_price, price.unit_price, price.discount, price.tax, price.total)


def _check_line(line: Line, price: LinePrice, currency: Currency) -> None:
    figures = (price.base_price, price.unit_price, price.discount, price.tax, price.total)
    if any(figure.currency != currency for figure in figures):
        raise _unusable(f"line {line.id} is not in {currency}")
    if any(figure.is_negative for figure in figures):
        raise _unusable(f"line {line.id} has a negative amount")
    if line.is_child and not all(figure.is_zero for figure in figures):
        raise _unusable(f"line {line.id} is a part of a combo and yet has a price")
    if price.total != _floored(price.base_price.times(line.quantity) - price.discount + price.tax):
        raise _unusable(f"line {line.id} does not add up")


def _check_totals(totals: Totals, prices: list[LinePrice], basket: Basket, quote: Quote, currency: Currency) -> None:
    based = (quote.lines[line.id].price.base_price.times(line.quantity) for line in basket.lines)
    sums = Totals(
        subtotal=Money.sum(based, currency=currency),
        discount=Money.sum((price.discount for price in prices), currency=currency),
        tax=Money.sum((price.tax for price in prices), currency=currency),
        total=Money.sum((price.total for price in prices), currency=currency),
    )
    if totals != sums or totals.total != _floored(totals.subtotal - totals.discount + totals.tax):
        raise _unusable("its totals are not the sums of its lines")


def _floored(money: Money) -> Money:
    return Money.zero(money.currency) if money.is_negative else money


def _unusable(reason: str) -> SisterUnavailable:
    return SisterUnavailable(sister="pricing", reason="the answer cannot be used", words=reason)
