"""What can be asked of the kitchen."""

from collections.abc import Collection, Sequence

import attrs

from sale_adapters.client.answers import Answer, Pages, Stations
from sale_adapters.client.arguments import place
from sale_adapters.client.listing import ListCalls
from sale_adapters.client.requests import Portion, Station, said
from sale_adapters.wire.kitchen import SentBody, TicketBody, TicketListBody
from sale_domain.kitchen_lifecycle import KitchenTicketStatus

_TICKETS, _STATIONS = "kitchen-tickets", "kitchen-stations"


class KitchenCalls(ListCalls):
    """Every command and query on kitchen tickets, their items, and stations; an item's action returns its ticket."""

    async def send(
        self, order_id: str, portions: Sequence[Portion] = (), *, key: str | None = None, if_match: int | None = None
    ) -> tuple[TicketBody, ...]:
        """Send lines to the kitchen, all that is unsent when none is named; return the new tickets, one per station."""
        path, body = place("sale-orders", order_id, _TICKETS), said(items=tuple(portions))
        return (await self._post(path, body, key=key, if_match=if_match)).read(SentBody).tickets

    async def ticket(self, ticket_id: str) -> TicketBody:
        """Read a ticket."""
        return (await self._get(place(_TICKETS, ticket_id))).read(TicketBody)

    def tickets(
        self,
        *,
        station_id: str | None = None,
        statuses: Collection[KitchenTicketStatus] = (),
        page_size: int | None = None,
    ) -> Pages[TicketBody]:
        """List tickets, oldest first; of any status unless some are named."""
        named = ",".join(status.value for status in statuses) or None
        return self._pages(place(_TICKETS), said(station_id=station_id, status=named, limit=page_size), TicketListBody)

    async def void_ticket(
        self, ticket_id: str, *, reason: str, key: str | None = None, if_match: int | None = None
    ) -> TicketBody:
        """Void every item of a ticket that can be voided."""
        path = place(_TICKETS, ticket_id, "void")
        return (await self._post(path, said(reason=reason), key=key, if_match=if_match)).read(TicketBody)

    async def rush_ticket(self, ticket_id: str, *, key: str | None = None, if_match: int | None = None) -> TicketBody:
        """Put a ticket before all others."""
        path = place(_TICKETS, ticket_id, "rush")
        return (await self._post(path, {}, key=key, if_match=if_match)).read(TicketBody)

    async def cook_item(self, item_id: str, *, key: str | None = None, if_match: int | None = None) -> TicketBody:
        """Begin with an item."""
        return await self._act(item_id, "cook", key=key, if_match=if_match)

    async def finish_item(self, item_id: str, *, key: str | None = None, if_match: int | None = None) -> TicketBody:
        """Say that an item is ready (C15)."""
        return await self._act(item_id, "finish", key=key, if_match=if_match)

    async def serve_item(self, item_id: str, *, key: str | None = None, if_match: int | None = None) -> TicketBody:
        """Say that the guest has an item."""
        return await self._act(item_id, "serve", key=key, if_match=if_match)

    async def recall_item(self, item_id: str, *, key: str | None = None, if_match: int | None = None) -> TicketBody:
        """Take a ready item back to be cooked again."""
        return await self._act(item_id, "recall", key=key, if_match=if_match)

    async def void_item(
        self, item_id: str, *, reason: str, key: str | None = None, if_match: int | None = None
    ) -> TicketBody:
        """Void an item; its quantity can be sent again."""
        return await self._act(item_id, "void", reason=reason, key=key, if_match=if_match)

    async def stations(self) -> Stations:
        """Read the merchant's kitchen stations, and what is cooked where."""
        return _stations(await self._get(place(_STATIONS)))

    async def replace_stations(self, stations: Sequence[Station], *, if_match: int | None = None) -> Stations:
        """Set all of the merchant's kitchen stations at once."""
        body = said(stations=tuple(stations))
        return _stations(await self._change("PUT", place(_STATIONS), body, if_match=if_match))

    async def _act(
        self, item_id: str, action: str, *, reason: str | None = None, key: str | None, if_match: int | None
    ) -> TicketBody:
        path = place("kitchen-ticket-items", item_id, action)
        return (await self._post(path, said(reason=reason), key=key, if_match=if_match)).read(TicketBody)


def _stations(answer: Answer) -> Stations:
    return attrs.evolve(answer.read(Stations), version=answer.version or 0)
