"""The bodies that callers send (contract §9), and what they ask of the domain."""

from decimal import Decimal
from typing import Any, Literal, cast

import attrs

from sale_adapters.wire.parsing import parse_body
from sale_adapters.wire.scalars import (
    Amount,
    Cursor,
    Instant,
    PageSize,
    Quantity,
    QuantityOrNone,
    Rate,
    Text,
    TextOrEmpty,
)
from sale_domain.basket import MAX_LINES
from sale_domain.ids import CustomerId, ItemId, SaleChannelId
from sale_domain.lines import PRODUCT_VARIANT, Keep
from sale_domain.money import Currency
from sale_domain.order_errors import TooManyLines
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.ports.orders import OrderFilter
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import ComponentRequest, CustomRequest, ItemRequest, NewOrder, ProductRequest

_ONE = Quantity(Decimal(1))
_PRODUCT_VARIANT = Text(PRODUCT_VARIANT)
_FIFTY = PageSize(50)


@attrs.frozen(kw_only=True)
class EmptyBody:
    """Nothing need be said."""


@attrs.frozen(kw_only=True)
class ComponentBody:
    """A part of a combo.

    Attributes:
        quantity: For one combo.
    """

    item_id: Text
    quantity: Quantity


@attrs.frozen(kw_only=True)
class ProductBody:
    """An item of the catalogue; with components it is a combo.

    Attributes:
        mode: PRODUCT, which need not be said.
        item_type: As commerce calls it.
        components: The parts of a combo.
    """

    mode: Literal["PRODUCT"] = "PRODUCT"
    item_id: Text
    item_type: Text = _PRODUCT_VARIANT
    quantity: Quantity = _ONE
    note: Text | None = None
    components: tuple[ComponentBody, ...] = ()

    @property
    def lines(self) -> int:
        """Return how many lines the item takes."""
        return 1 + len(self.components)

    def request(self) -> ProductRequest:
        """Return what is asked for."""
        return ProductRequest(
            item_id=ItemId(self.item_id),
            item_type=self.item_type,
            quantity=self.quantity,
            note=self.note,
            components=tuple(
                ComponentRequest(item_id=ItemId(part.item_id), quantity=part.quantity) for part in self.components
            ),
        )


@attrs.frozen(kw_only=True)
class CustomBody:
    """An item that is in no catalogue.

    Attributes:
        mode: CUSTOM.
        unit_price: Of one, in the order's currency.
    """

    mode: Literal["CUSTOM"]
    name: Text
    unit_price: Amount
    quantity: Quantity = _ONE
    note: Text | None = None

    @property
    def lines(self) -> int:
        """Return how many lines the item takes."""
        return 1

    def request(self) -> CustomRequest:
        """Return what is asked for."""
        return CustomRequest(name=self.name, unit_price=self.unit_price, quantity=self.quantity, note=self.note)


ItemBody = ProductBody | CustomBody
"""An item to add, told apart by its mode."""


def read_item(data: bytes) -> ItemRequest:
    """Read the item that is to be added.

    Raises:
        InvalidInput: the body is not what it must be.
        TooManyLines: no order could hold it; nobody need be asked about its components.
    """
    item: ItemBody = parse_body(data, cast("Any", ItemBody))
    _bounded(item.lines)
    return item.request()


@attrs.frozen(kw_only=True)
class NewOrderBody:
    """An order to open.

    Attributes:
        currency: The channel's unless given.
    """

    sale_channel_id: Text
    currency: Currency | None = None
    customer_id: Text | None = None
    note: Text | None = None
    items: tuple[ItemBody, ...] = ()

    def request(self) -> NewOrder:
        """Return what is asked for.

        Raises:
            TooManyLines: no order could hold the items; nobody need be asked about them.
        """
        _bounded(sum(item.lines for item in self.items))
        return NewOrder(
            sale_channel_id=SaleChannelId(self.sale_channel_id),
            currency=self.currency,
            customer_id=None if self.customer_id is None else CustomerId(self.customer_id),
            note=self.note,
            items=tuple(item.request() for item in self.items),
        )


@attrs.frozen(kw_only=True)
class ChangeItemBody:
    """What a line shall be; a field that is absent stays, quantity 0 removes the line, note null empties it."""

    quantity: QuantityOrNone | None = None
    note: TextOrEmpty = Keep.KEEP


@attrs.frozen(kw_only=True)
class CheckoutBody:
    """What the guest has seen, and the rate where the channel sells in another currency (C24).

    Attributes:
        expected_total: What the guest has seen; another total is refused.
        exchange_rate: Units of the channel's currency per unit of the order's (C24).
    """

    expected_total: Amount | None = None
    exchange_rate: Rate | None = None

    def request(self) -> CheckoutRequest:
        """Return what is asked for."""
        return CheckoutRequest(expected_total=self.expected_total, exchange_rate=self.exchange_rate)


@attrs.frozen(kw_only=True)
class RevertBody:
    """Why a checkout is taken back."""

    reason: Text | None = None


@attrs.frozen(kw_only=True)
class CancelBody:
    """Why an order is given up."""

    reason: Text


@attrs.frozen(kw_only=True)
class OrderQuery:
    """Which orders a list shows, and which page of it.

    Attributes:
        status: Only those in this status.
        sale_channel_id: Only those of this channel.
        customer_id: Only those of this customer.
        created_from: Only those created then or later.
        created_to: Only those created before.
        limit: How many a page has at most.
        cursor: Where the page begins.
    """

    status: OrderStatus | None = None
    sale_channel_id: Text | None = None
    customer_id: Text | None = None
    created_from: Instant | None = None
    created_to: Instant | None = None
    limit: PageSize = _FIFTY
    cursor: Cursor | None = None

    def filter(self) -> OrderFilter:
        """Return which orders are asked for."""
        return OrderFilter(
            status=self.status,
            sale_channel_id=None if self.sale_channel_id is None else SaleChannelId(self.sale_channel_id),
            customer_id=None if self.customer_id is None else CustomerId(self.customer_id),
            created_from=self.created_from,
            created_to=self.created_to,
        )


def _bounded(lines: int) -> None:
    if lines > MAX_LINES:
        raise TooManyLines(limit=MAX_LINES)
