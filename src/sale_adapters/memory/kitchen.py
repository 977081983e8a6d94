"""Kitchen tickets and stations in memory."""

from collections.abc import Callable, Iterator

import attrs

from sale_adapters.memory.store import MemoryStore
from sale_domain.errors import NotFound
from sale_domain.ids import KitchenItemId, KitchenTicketId, MerchantId, OrderId
from sale_domain.ports.kitchen import TicketFilter, TicketPage, TicketView
from sale_domain.stations import Stations


class MemoryKitchenTickets:
    """The `KitchenTickets` port over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(self, ticket_id: KitchenTicketId, *, merchant_id: MerchantId) -> TicketView:
        """See `KitchenTickets`."""
        await self._store.reach()
        for view in self._views(merchant_id):
            if view.ticket.id == ticket_id:
                return view
        raise NotFound(thing="kitchen ticket")

    async def find_many(
        self, which: TicketFilter, *, merchant_id: MerchantId, after: KitchenTicketId | None, limit: int
    ) -> TicketPage:
        """See `KitchenTickets`."""
        await self._store.reach()
        wanted = (view for view in self._views(merchant_id) if _shows(which, view))
        oldest_first = sorted(wanted, key=lambda view: view.ticket.id)
        rest = [view for view in oldest_first if after is None or view.ticket.id > after]
        return TicketPage(
            tickets=tuple(rest[:limit]),
            next_after=rest[limit - 1].ticket.id if len(rest) > limit else None,
            feed_seq=len(self._store.feeds[merchant_id]),
        )

    async def order_of_ticket(self, ticket_id: KitchenTicketId, *, merchant_id: MerchantId) -> OrderId:
        """See `KitchenTickets`."""
        return (await self.find(ticket_id, merchant_id=merchant_id)).order_id

    async def order_of_item(self, item_id: KitchenItemId, *, merchant_id: MerchantId) -> OrderId:
        """See `KitchenTickets`."""
        await self._store.reach()
        for view in self._views(merchant_id):
            if any(item.id == item_id for item in view.ticket.items):
                return view.order_id
        raise NotFound(thing="kitchen ticket item")

    def _views(self, merchant_id: MerchantId) -> Iterator[TicketView]:
        for order in self._store.orders.values():
            if order.merchant_id == merchant_id:
                for ticket in order.kitchen.tickets:
                    yield attrs.evolve(TicketView.of(order, ticket), feed_seq=len(self._store.feeds[merchant_id]))


class MemoryKitchenStations:
    """The `KitchenStations` port over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(self, merchant_id: MerchantId) -> Stations:
        """See `KitchenStations`."""
        await self._store.reach()
        return self._store.stations.get(merchant_id, Stations())

    async def change(self, merchant_id: MerchantId, decide: Callable[[Stations], Stations]) -> Stations:
        """See `KitchenStations`; nothing can come between, as nothing is awaited."""
        await self._store.reach()
        after = decide(self._store.stations.get(merchant_id, Stations()))
        self._store.stations[merchant_id] = after
        return after


def _shows(which: TicketFilter, view: TicketView) -> bool:
    of_station = which.station_id is None or view.ticket.station_id == which.station_id
    return of_station and (which.statuses is None or view.ticket.status in which.statuses)
