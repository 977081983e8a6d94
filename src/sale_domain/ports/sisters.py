"""The sister services, as Sale needs them (C6 to C9). Every method may raise `SisterUnavailable`."""

from typing import Protocol

import attrs

from sale_domain.documents import JsonObject
from sale_domain.ids import ItemId, SaleChannelId
from sale_domain.lines import Line
from sale_domain.money import Currency
from sale_domain.permissions import Effect, Permission, Principal
from sale_domain.quotes import Quote
from sale_domain.snapshots import CatalogItem, SaleChannel


@attrs.frozen(kw_only=True)
class PricingRequest:
    """What pricing is asked for."""

    currency: Currency
    sale_channel_id: SaleChannelId
    lines: tuple[Line, ...]


class Catalog(Protocol):
    """Commerce's catalogue; answers may be up to 60 seconds old (C6)."""

    async def item(self, item_id: ItemId) -> CatalogItem:
        """Read an item and what it is called; without its category.

        Raises:
            UnknownItem: there is none.
        """

    async def category(self, category_id: str) -> JsonObject | None:
        """Read a category; None when there is none."""

    async def sale_channel(self, sale_channel_id: SaleChannelId) -> SaleChannel:
        """Read a sale channel.

        Raises:
            UnknownSaleChannel: there is none.
        """


class Pricing(Protocol):
    """The only one who knows prices (C7). Both methods raise `SisterRefused` when it refuses the request."""

    async def calculate(self, request: PricingRequest) -> Quote:
        """Ask what the lines cost: v1, which decides what is charged."""

    async def calculate_v2(self, request: PricingRequest) -> JsonObject:
        """Ask for v2's snapshot, which is kept for audit and tax."""


class TokenVerifier(Protocol):
    """Identity's signature on a token (C8)."""

    async def verify(self, token: str) -> Principal:
        """Return whom the token speaks for.

        Raises:
            Unauthenticated: the token proves nothing.
        """


class Policies(Protocol):
    """Identity's policies (C9)."""

    async def effect(self, role: str, permission: Permission) -> Effect | None:
        """Return what a role's policy says of a permission; None when it has no opinion.

        Raises:
            SisterUnavailable: neither identity nor any cache knows; the caller fails closed.
        """
