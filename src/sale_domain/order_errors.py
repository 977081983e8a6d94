"""What can go wrong with an order; kinds and codes as in `errors`."""

from typing import ClassVar

import attrs

from sale_domain.errors import Conflict, Rejected
from sale_domain.money import Money


@attrs.define(kw_only=True, eq=False)
class UnknownItem(Rejected):
    """Commerce knows no such item."""

    code: ClassVar[str] = "unknown-item"
    item_id: str

    def __str__(self) -> str:
        return f"The catalogue has no item {self.item_id!r}."


@attrs.define(kw_only=True, eq=False)
class UnknownSaleChannel(Rejected):
    """Commerce knows no such sale channel of this merchant."""

    code: ClassVar[str] = "unknown-sale-channel"
    sale_channel_id: str

    def __str__(self) -> str:
        return f"The merchant has no sale channel {self.sale_channel_id!r}."


@attrs.define(kw_only=True, eq=False)
class TooManyLines(Rejected):
    """An order holds a bounded number of lines."""

    code: ClassVar[str] = "too-many-lines"
    limit: int

    def __str__(self) -> str:
        return f"An order holds at most {self.limit} lines."


class AmountTooLarge(Rejected):
    """The order would cost more than a decimal(15,4) holds."""

    code: ClassVar[str] = "amount-too-large"

    def __str__(self) -> str:
        return "The order costs more than can be written down; reduce its quantities."


@attrs.define(kw_only=True, eq=False)
class OrderTooLarge(Rejected):
    """The order's lines need more room than an event has; say it in several orders."""

    code: ClassVar[str] = "order-too-large"
    bytes_needed: int
    limit: int

    def __str__(self) -> str:
        return f"The order's events would need {self.bytes_needed} bytes of {self.limit}: make several orders of it."


class EmptyOrder(Rejected):
    """There is nothing to check out."""

    code: ClassVar[str] = "empty-order"

    def __str__(self) -> str:
        return "The order has no lines."


@attrs.define(kw_only=True, eq=False)
class ExchangeRateRequired(Rejected):
    """The order is in another currency than its sale channel (C24)."""

    code: ClassVar[str] = "exchange-rate-required"
    order_currency: str
    channel_currency: str

    def __str__(self) -> str:
        return (
            f"The order is in {self.order_currency}, its sale channel in {self.channel_currency}: give an exchangeRate."
        )


@attrs.define(kw_only=True, eq=False)
class ExchangeRateNotNeeded(Rejected):
    """The order is in its sale channel's currency: a rate other than 1 would be a lie."""

    code: ClassVar[str] = "exchange-rate-not-needed"
    currency: str

    def __str__(self) -> str:
        return f"The order and its sale channel are both in {self.currency}: there is nothing to exchange."


@attrs.define(kw_only=True, eq=False)
class ComboChild(Conflict):
    """A combo moves as one: its children are changed through the lead line."""

    code: ClassVar[str] = "combo-child"
    line_id: str
    lead_id: str

    def __str__(self) -> str:
        return f"The line belongs to a combo; change its lead line {self.lead_id} instead."


@attrs.define(kw_only=True, eq=False)
class AlreadySent(Conflict):
    """The kitchen has it: what is sent is voided there, not edited here."""

    code: ClassVar[str] = "already-sent"
    line_id: str

    def __str__(self) -> str:
        return "The kitchen already has this line; void it there first."


@attrs.define(kw_only=True, eq=False)
class PriceChanged(Conflict):
    """Pricing asks for another total than the customer has seen."""

    code: ClassVar[str] = "price-changed"
    expected: Money
    actual: Money

    def __str__(self) -> str:
        actual, expected = (money.amount.normalize() for money in (self.actual, self.expected))
        return f"The total is {actual:f} {self.actual.currency}, not {expected:f}."


class OrderChanged(Conflict):
    """The order kept changing while it was being worked on; nothing was written.

    As any answer below 500 it is kept under its Idempotency-Key (contract §9): to try again takes another one.
    """

    code: ClassVar[str] = "order-changed"

    def __str__(self) -> str:
        return "The order is still changing; try again, with another Idempotency-Key if there was one."
