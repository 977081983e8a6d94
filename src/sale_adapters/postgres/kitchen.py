"""Kitchen tickets and stations on PostgreSQL, to be read; tickets change with their orders."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from sale_adapters.postgres import kitchen_statements as sql
from sale_adapters.postgres import usage_sql
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.feed_numbers import feed_seq, number_in
from sale_adapters.postgres.kitchen_rows import tickets_of
from sale_adapters.postgres.trips import Begin, Query, Row, Statement, Trips
from sale_adapters.postgres.usage_rows import seating_of
from sale_adapters.wire import json
from sale_adapters.wire.forms import from_json, to_json
from sale_domain.errors import NotFound
from sale_domain.ids import KitchenItemId, KitchenTicketId, MerchantId, OrderId, bucket_of, merchant_bucket
from sale_domain.kitchen_lifecycle import KitchenTicketStatus
from sale_domain.ports.kitchen import TicketFilter, TicketPage, TicketView
from sale_domain.stations import Station, Stations

_TICKET, _ITEM = "kitchen ticket", "kitchen ticket item"


class PostgresKitchenTickets:
    """The `KitchenTickets` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, ticket_id: KitchenTicketId, *, merchant_id: MerchantId) -> TicketView:
        """See `KitchenTickets`."""
        seek = _sought(sql.FIND_TICKET, ticket_id, merchant_id, _TICKET)

        async def work(trips: Trips) -> TicketView:
            feed, found = await trips.go(feed_seq(merchant_id), seek)
            (view,) = await _views(trips, found, merchant_id, feed_seq=number_in(feed))
            return view

        return await self._database.transact(work, begin=Begin.TO_READ)

    async def find_many(
        self, which: TicketFilter, *, merchant_id: MerchantId, after: KitchenTicketId | None, limit: int
    ) -> TicketPage:
        """See `KitchenTickets`."""
        shown = KitchenTicketStatus if which.statuses is None else which.statuses
        # Where none is asked for, one that no ticket has keeps the statement whole.
        statuses = tuple(sorted(status.value for status in shown)) or ("",)
        page = sql.page_of_tickets(statuses, of_station=which.station_id is not None)
        query = page(
            bucket=merchant_bucket(merchant_id),
            merchant_id=merchant_id,
            after=after or "",
            # One more than is wanted tells whether there is a next page.
            limit=limit + 1,
            station_id=which.station_id,
        )

        async def work(trips: Trips) -> TicketPage:
            feed, found = await trips.go(feed_seq(merchant_id), query)
            views = await _views(trips, found[:limit], merchant_id, feed_seq=number_in(feed)) if found else ()
            return TicketPage(
                tickets=views,
                next_after=views[-1].ticket.id if len(found) > limit else None,
                feed_seq=number_in(feed),
            )

        return await self._database.transact(work, begin=Begin.TO_READ)

    async def order_of_ticket(self, ticket_id: KitchenTicketId, *, merchant_id: MerchantId) -> OrderId:
        """See `KitchenTickets`."""
        return await self._order(_sought(sql.ORDER_OF_TICKET, ticket_id, merchant_id, _TICKET), _TICKET)

    async def order_of_item(self, item_id: KitchenItemId, *, merchant_id: MerchantId) -> OrderId:
        """See `KitchenTickets`."""
        return await self._order(_sought(sql.ORDER_OF_ITEM, item_id, merchant_id, _ITEM), _ITEM)

    async def _order(self, query: Query, thing: str) -> OrderId:
        (found,) = await self._database.read(query)
        if not found:
            raise NotFound(thing=thing)
        return OrderId(found[0]["order_id"])


class PostgresKitchenStations:
    """The `KitchenStations` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, merchant_id: MerchantId) -> Stations:
        """See `KitchenStations`."""
        which = {"bucket": merchant_bucket(merchant_id), "merchant_id": merchant_id}
        (found,) = await self._database.read(sql.FIND_STATIONS(**which))
        return _stations(found[0]) if found else Stations()

    async def change(self, merchant_id: MerchantId, decide: Callable[[Stations], Stations]) -> Stations:
        """See `KitchenStations`."""
        which = {"bucket": merchant_bucket(merchant_id), "merchant_id": merchant_id}

        async def work(trips: Trips) -> Stations:
            _, found = await trips.go(sql.ENSURE_STATIONS(**which), sql.LOCK_STATIONS(**which))
            before = _stations(found[0])
            after = decide(before)
            if after != before:
                text = json.write(to_json(after.stations)).decode()
                await trips.go(sql.UPDATE_STATIONS(**which, version=after.version, stations=text), commit=True)
            return after

        return await self._database.transact(work)


def _stations(row: Row) -> Stations:
    stations = from_json(json.read(row["stations"].encode()), tuple[Station, ...])
    return Stations(version=row["version"], stations=stations)


def _sought(statement: Statement, thing_id: str, merchant_id: MerchantId, thing: str) -> Query:
    """Return the question for one thing; an id that is none of ours, or of another bucket, names nothing."""
    try:
        bucket = bucket_of(thing_id)
    except ValueError:
        raise NotFound(thing=thing) from None
    return statement(bucket=bucket, merchant_id=merchant_id, id=thing_id)


async def _views(
    trips: Trips, found: Sequence[Row], merchant_id: MerchantId, *, feed_seq: int
) -> tuple[TicketView, ...]:
    if not found:
        raise NotFound(thing=_TICKET)
    which = {"bucket": found[0]["bucket"], "order_ids": sorted({row["order_id"] for row in found})}
    items, usages = await trips.go(sql.ITEMS(**which), usage_sql.OF_ORDERS(**which), commit=True)
    of_order: defaultdict[str, list[Row]] = defaultdict(list)
    for usage in usages:
        of_order[usage["order_id"]].append(usage)
    return tuple(
        TicketView(
            order_id=OrderId(row["order_id"]),
            order_number=row["order_number"],
            merchant_id=merchant_id,
            ticket=ticket,
            units=seating_of(of_order[row["order_id"]]).units(given_up=ticket.order_cancelled),
            feed_seq=feed_seq,
        )
        for row, ticket in zip(found, tickets_of(found, items), strict=True)
    )
