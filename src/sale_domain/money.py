"""Money: an exact decimal of at most four places, with its currency (contract §5)."""

import re
from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import NewType, Self

import attrs

Currency = NewType("Currency", str)
"""Three capital letters of ISO 4217, made by `currency`."""
"""An ISO 4217 code, such as `VND`."""

PLACES = 4
_UNIT = Decimal(1).scaleb(-PLACES)
_LIMIT = Decimal(10) ** 11
_RATE_UNIT = Decimal(1).scaleb(-10)
_CURRENCY = re.compile(r"[A-Z]{3}")


def exact(value: Decimal) -> Decimal:
    """Return the value as a decimal(15,4): at most 11 digits before the point and 4 after it.

    Raises:
        ValueError: the value is not finite, too large, or has more than four decimals; nothing is ever rounded away.

    >>> exact(Decimal("65000"))
    Decimal('65000.0000')
    """
    # The exponent is looked at first: quantizing 1E+999999 would be work for nothing. That of 0 says nothing.
    if not value.is_finite() or (value and value.adjusted() > 10):  # noqa: PLR2004 - 11 digits before the point
        raise ValueError("must be a finite number of at most 11 digits before the point")
    scaled = value.quantize(_UNIT)
    if scaled != value:
        raise ValueError("must have at most 4 decimals")
    assert abs(scaled) < _LIMIT, "checked by its exponent above"
    return scaled or abs(scaled)


def exact_rate(value: Decimal) -> Decimal:
    """Return an exchange rate: greater than 0, at most 10 decimals (contract §9).

    Raises:
        ValueError: the value is none.
    """
    if not value.is_finite() or value <= 0 or value.adjusted() > 10:  # noqa: PLR2004 - 11 digits before the point
        raise ValueError("must be a number greater than 0 of at most 11 digits before the point")
    scaled = value.quantize(_RATE_UNIT)
    if scaled != value:
        raise ValueError("must have at most 10 decimals")
    return scaled


def currency(code: str) -> Currency:
    """Return a currency from its ISO 4217 code.

    Raises:
        ValueError: the code is not three capital letters.
    """
    if not _CURRENCY.fullmatch(code):
        raise ValueError("must be a currency code of three capital letters")
    return Currency(code)


def _at_four_places(amount: Decimal) -> Decimal:
    scaled = amount.quantize(_UNIT)
    if scaled != amount:
        raise ValueError(f"{amount} has more than 4 decimals")
    return scaled


@attrs.frozen
class Money:
    """An amount in a currency; sums and comparisons across currencies are refused.

    Attributes:
        amount: The exact amount, at four places.
        currency: The ISO 4217 code.

    >>> Money(Decimal(65000), Currency("VND")) + Money(Decimal(5000), Currency("VND"))
    Money(amount=Decimal('70000.0000'), currency='VND')
    """

    amount: Decimal = attrs.field(converter=_at_four_places)
    currency: Currency

    @classmethod
    def zero(cls, currency: Currency) -> Self:
        """Return no money at all, in a currency."""
        return cls(Decimal(0), currency)

    @classmethod
    def sum(cls, parts: Iterable["Money"], *, currency: Currency) -> "Money":
        """Add amounts up; the currency says what an empty sum is."""
        return sum(parts, start=cls.zero(currency))

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __bool__(self) -> bool:
        # Else `if price:` would take a price of 0 for none.
        raise TypeError("an amount of money has no truth value: ask for `is_zero`, or for None")

    @property
    def is_zero(self) -> bool:
        """Tell whether there is no money in it."""
        return not self.amount

    @property
    def is_negative(self) -> bool:
        """Tell whether the amount is below zero."""
        return self.amount < 0

    @property
    def fits(self) -> bool:
        """Tell whether it is a decimal(15,4), as every amount on the wire and at rest is."""
        return abs(self.amount) < _LIMIT

    def times(self, quantity: Decimal) -> "Money":
        """Multiply by a quantity, rounded half up to four places."""
        return Money((self.amount * quantity).quantize(_UNIT, rounding=ROUND_HALF_UP), self.currency)

    def split(self, parts: int) -> tuple["Money", ...]:
        """Divide into parts, rounded down; the remainder goes to the first ones, a unit each, so they sum to the whole.

        >>> [str(part.amount) for part in Money(Decimal("0.0005"), Currency("VND")).split(2)]
        ['0.0003', '0.0002']
        """
        assert parts > 0, "nothing can be split into no parts"
        each = (self.amount / parts).quantize(_UNIT, rounding=ROUND_DOWN)
        units_left = int((self.amount - each * parts) / _UNIT)
        step = _UNIT.copy_sign(self.amount)
        return tuple(Money(each + (step if n < abs(units_left) else 0), self.currency) for n in range(parts))

    def _same(self, other: "Money") -> Decimal:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other.amount
