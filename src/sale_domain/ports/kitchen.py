"""The kitchen at rest: tickets to be read, and the rules of what is cooked where; whoever cooks changes the order."""

from collections.abc import Callable
from typing import Protocol

import attrs

from sale_domain.ids import KitchenItemId, KitchenTicketId, MerchantId, OrderId, StationId, UnitId
from sale_domain.kitchen import KitchenTicket
from sale_domain.kitchen_lifecycle import KitchenTicketStatus
from sale_domain.orders import Order
from sale_domain.stations import Stations


@attrs.frozen(kw_only=True)
class TicketView:
    """A ticket as readers see it.

    Attributes:
        order_number: What guests and waiters call the order.
        units: Where the guests of the order are, or were last (`Seating.units`).
        feed_seq: The merchant's feed number that this is true for; on reads only.
    """

    order_id: OrderId
    order_number: str
    merchant_id: MerchantId
    ticket: KitchenTicket
    units: tuple[UnitId, ...] = ()
    feed_seq: int | None = None

    @classmethod
    def of(cls, order: Order, ticket: KitchenTicket) -> "TicketView":
        """Return a ticket of an order as a command has left it."""
        return cls(
            order_id=order.id,
            order_number=order.number,
            merchant_id=order.merchant_id,
            ticket=ticket,
            units=order.seating.units(given_up=ticket.order_cancelled),
        )


@attrs.frozen(kw_only=True)
class TicketFilter:
    """Which tickets a list shows; None means all."""

    station_id: StationId | None = None
    statuses: frozenset[KitchenTicketStatus] | None = None


@attrs.frozen(kw_only=True)
class TicketPage:
    """Tickets, oldest first; `next_after` is where the next page begins, None on the last."""

    tickets: tuple[TicketView, ...]
    next_after: KitchenTicketId | None
    feed_seq: int


class KitchenTickets(Protocol):
    """Tickets as cooks read them. Every method may raise `StoreUnavailable` and is scoped to the merchant."""

    async def find(self, ticket_id: KitchenTicketId, *, merchant_id: MerchantId) -> TicketView:
        """Read a ticket.

        Raises:
            NotFound: there is none.
        """

    async def find_many(
        self, which: TicketFilter, *, merchant_id: MerchantId, after: KitchenTicketId | None, limit: int
    ) -> TicketPage:
        """Read a page of tickets, oldest first."""

    async def order_of_ticket(self, ticket_id: KitchenTicketId, *, merchant_id: MerchantId) -> OrderId:
        """Return the order that a ticket belongs to, now and for ever.

        Raises:
            NotFound: there is no such ticket.
        """

    async def order_of_item(self, item_id: KitchenItemId, *, merchant_id: MerchantId) -> OrderId:
        """Return the order that a sent item belongs to, now and for ever.

        Raises:
            NotFound: there is no such item.
        """


class KitchenStations(Protocol):
    """The merchants' stations. Every method may raise `StoreUnavailable`."""

    async def find(self, merchant_id: MerchantId) -> Stations:
        """Read a merchant's stations; none at version 0 when nobody has set them."""

    async def change(self, merchant_id: MerchantId, decide: Callable[[Stations], Stations]) -> Stations:
        """Lock the stations, let `decide` look at them, and write what it returns.

        Raises:
            SaleError: whatever `decide` raises; nothing is written.
        """
