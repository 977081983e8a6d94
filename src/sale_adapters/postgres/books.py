"""The books on PostgreSQL: short reads of one moment each, and never a lock."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import attrs

from sale_adapters.postgres import book_statements as sql
from sale_adapters.postgres import rows, statements, usage_sql
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.kitchen_rows import kitchen_of, kitchen_reads
from sale_adapters.postgres.reasons import in_one_line
from sale_adapters.postgres.trips import Begin, Query, Row, Trips
from sale_adapters.postgres.usage_rows import seating_of
from sale_domain.ids import EventId, KitchenTicketId, MerchantId, OrderId, merchant_bucket
from sale_domain.money import exact
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.publishing import PublishedAt
from sale_domain.ports.reconciling import (
    BookedEntry,
    BookedEvent,
    BookedFact,
    BookedOrder,
    EventsOf,
    Feed,
    FeedPage,
    OrderStamp,
    Place,
    Published,
    Queue,
    Told,
    UnreadableOrder,
    Wait,
)

_STATEMENTS_A_TRIP = 128
_BEYOND_EVERY_NUMBER = (1 << 63) - 1


class PostgresBooks:
    """The `Books` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def feeds(self, buckets: Sequence[int]) -> tuple[Feed, ...]:
        """See `Books`."""
        found = await self._in_many_trips([sql.FEEDS(bucket=bucket) for bucket in buckets])
        return tuple(Feed(merchant_id=MerchantId(row["merchant_id"]), n=row["n"]) for row in found)

    async def orders(
        self, bucket: int, *, merchant_id: MerchantId | None, after: OrderId | None, limit: int
    ) -> tuple[OrderStamp, ...]:
        """See `Books`."""
        if merchant_id is None:
            query = sql.PAGE(bucket=bucket, after=after or "", limit=limit)
        else:
            query = sql.PAGE_OF_MERCHANT(bucket=bucket, merchant_id=merchant_id, after=after or "", limit=limit)
        (found,) = await self._read(query)
        return tuple(
            OrderStamp(id=OrderId(row["id"]), merchant_id=MerchantId(row["merchant_id"]), updated_at=row["updated_at"])
            for row in found
        )

    async def orders_told_at(self, merchant_id: MerchantId, numbers: Collection[int]) -> frozenset[OrderId]:
        """See `Books`."""
        bucket = merchant_bucket(merchant_id)
        (found,) = await self._read(sql.TOLD_AT(bucket=bucket, merchant_id=merchant_id, numbers=sorted(numbers)))
        return frozenset(OrderId(row["order_id"]) for row in found)

    async def booked(self, bucket: int, order_ids: Sequence[OrderId]) -> tuple[BookedOrder | UnreadableOrder, ...]:
        """See `Books`."""
        try:
            return await self._booked(bucket, order_ids)
        except StoreUnavailable:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever a hand has written there, the next order is to be compared
            if len(order_ids) == 1:
                return (UnreadableOrder(id=order_ids[0], reason=in_one_line(failure)),)
        return tuple([one for order_id in order_ids for one in await self.booked(bucket, [order_id])])

    async def _booked(self, bucket: int, order_ids: Sequence[OrderId]) -> tuple[BookedOrder, ...]:
        which = {"bucket": bucket, "order_ids": list(order_ids)}
        found, *parts = await self._read(
            sql.ORDERS(**which),
            statements.LINES_OF_MANY(**which),
            statements.FACTS_OF_MANY(**which),
            usage_sql.OF_ORDERS(**which),
            sql.EVENTS(**which),
            sql.ENTRIES(**which),
            sql.SNAPSHOTS(**which),
            *kitchen_reads(bucket, order_ids),
        )
        lines, facts, usages, events, entries, snapshots, tickets, items = map(_by_order, parts)
        return tuple(
            BookedOrder(
                order=attrs.evolve(
                    rows.order_of(row, lines=lines[row["id"]], facts=facts[row["id"]]),
                    seating=seating_of(usages[row["id"]]),
                    kitchen=kitchen_of(tickets[row["id"]], items[row["id"]]),
                ),
                received=row["received"],
                paid=row["paid"],
                facts=tuple(map(_fact, facts[row["id"]])),
                events=tuple(map(_event, events[row["id"]])),
                entries=tuple(map(_entry, entries[row["id"]])),
                snapshots=frozenset(snapshot["checkout"] for snapshot in snapshots[row["id"]]),
                ticket_statuses={KitchenTicketId(ticket["id"]): ticket["status"] for ticket in tickets[row["id"]]},
            )
            for row in found
        )

    async def events_of(
        self, bucket: int, *, merchant_id: MerchantId | None, after: OrderId | None, limit: int
    ) -> tuple[EventsOf, ...]:
        """See `Books`."""
        which = {"bucket": bucket, "after": after or "", "limit": limit}
        query = (
            sql.EVENTS_OF(**which) if merchant_id is None else sql.EVENTS_OF_MERCHANT(**which, merchant_id=merchant_id)
        )
        (found,) = await self._read(query)
        return tuple(
            EventsOf(
                order_id=OrderId(row["order_id"]),
                merchant_id=MerchantId(row["merchant_id"]),
                has_order=row["has_order"],
            )
            for row in found
        )

    async def feed(self, merchant_id: MerchantId, *, below: int | None, limit: int) -> FeedPage:
        """See `Books`."""
        which = {"bucket": merchant_bucket(merchant_id), "merchant_id": merchant_id}
        number = _BEYOND_EVERY_NUMBER if below is None else below
        counter, found = await self._read(sql.FEED(**which), sql.FEED_ROWS(**which, below=number, limit=limit))
        n = int(counter[0]["n"]) if counter else 0
        return FeedPage(n=n, rows=tuple((row["n"], row["at"]) for row in found))

    async def waiting(self, kind: Wait, places: Sequence[Place], *, since_before: datetime) -> Queue | None:
        """See `Books`."""
        query = sql.WAITING[kind]
        found = await self._in_many_trips(
            [query(bucket=p.bucket, merchant_id=p.merchant_id, since_before=since_before) for p in places]
        )
        if not found:
            return None
        oldest = min(found, key=lambda row: (row["since"], row["oldest"]))
        return Queue(count=sum(row["count"] for row in found), oldest=oldest["oldest"], since=oldest["since"])

    async def _read(self, *queries: Query) -> Sequence[list[Row]]:
        async def work(trips: Trips) -> Sequence[list[Row]]:
            return await trips.go(*queries, commit=True)

        return await self._database.transact(work, begin=Begin.TO_READ)

    async def _in_many_trips(self, queries: Sequence[Query]) -> list[Row]:
        """Ask many small questions, some in each trip, each trip a transaction of its own."""
        found: list[Row] = []
        for start in range(0, len(queries), _STATEMENTS_A_TRIP):
            for answer in await self._read(*queries[start : start + _STATEMENTS_A_TRIP]):
                found += answer
        return found


def _by_order(parts: Iterable[Row]) -> defaultdict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for part in parts:
        grouped[part["order_id"]].append(part)
    return grouped


def _fact(row: Row) -> BookedFact:
    try:
        exact(row["amount"])
    except ValueError as wrong:
        raise ValueError(f"the amount {row['amount']} of fact {row['ordinal']} {wrong}") from None
    return BookedFact(ordinal=row["ordinal"], as_told=row["fact_key"] == rows.fact_of(row).digest)


def _event(row: Row) -> BookedEvent:
    published = None
    if row["log_offset"] is not None:
        at = PublishedAt(topic=row["topic"], partition=row["partition"], offset=row["log_offset"])
        published = Published(at=at, cluster_id=row["cluster_id"])
    return BookedEvent(
        event_id=EventId(row["event_id"]),
        order_id=OrderId(row["order_id"]),
        seq=row["seq"],
        transition=row["transition"],
        occurred_at=row["occurred_at"],
        told=Told(
            event_id=row["told_event_id"],
            order_id=row["told_order_id"],
            transition=row["told_transition"],
            paid=row["told_paid"],
            total=row["told_total"],
        ),
        published=published,
        released=row["released"],
    )


def _entry(row: Row) -> BookedEntry:
    return BookedEntry(
        version=row["version"],
        action=row["action"],
        status=row["status"],
        at=row["at"],
        transition=row["transition"],
        amount=row["amount"],
        received=row["received"],
    )
