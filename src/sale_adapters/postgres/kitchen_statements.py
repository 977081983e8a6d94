"""Every statement that the kitchen needs; each names one bucket (architecture §7)."""

from functools import cache
from typing import Final

from sale_adapters.postgres.schema.kitchen import KITCHEN_TICKET_ITEMS, KITCHEN_TICKETS
from sale_adapters.postgres.statements import inserted, names
from sale_adapters.postgres.trips import Statement

INSERT_TICKET: Final = inserted(KITCHEN_TICKETS)
INSERT_ITEM: Final = inserted(KITCHEN_TICKET_ITEMS)

UPDATE_TICKET: Final = Statement(
    b"UPDATE kitchen_tickets SET status = $3, version = $4, rush = $5, order_cancelled = $6"
    b" WHERE bucket = $1 AND id = $2",
    ("bucket", "id", "status", "version", "rush", "order_cancelled"),
)
UPDATE_ITEM: Final = Statement(
    b"UPDATE kitchen_ticket_items SET status = $3, moves = $4, changed_at = $5, changed_by = $6, void_reason = $7"
    b" WHERE bucket = $1 AND id = $2",
    ("bucket", "id", "status", "moves", "changed_at", "changed_by", "void_reason"),
)

TICKETS: Final = Statement(
    b"SELECT %s FROM kitchen_tickets WHERE bucket = $1 AND order_id = ANY($2::text[]) ORDER BY id"
    % names(KITCHEN_TICKETS),
    ("bucket", "order_ids"),
)
ITEMS: Final = Statement(
    b"SELECT %s FROM kitchen_ticket_items WHERE bucket = $1 AND order_id = ANY($2::text[]) ORDER BY id"
    % names(KITCHEN_TICKET_ITEMS),
    ("bucket", "order_ids"),
)

_SEEN = b"""
    SELECT %s, o.number AS order_number FROM kitchen_tickets t
    JOIN sale_orders o ON o.bucket = $1 AND o.id = t.order_id
    WHERE t.bucket = $1 AND t.merchant_id = $2
""" % names(KITCHEN_TICKETS, "t")
FIND_TICKET: Final = Statement(_SEEN + b" AND t.id = $3", ("bucket", "merchant_id", "id"))

ORDER_OF_TICKET: Final = Statement(
    b"SELECT order_id FROM kitchen_tickets WHERE bucket = $1 AND merchant_id = $2 AND id = $3",
    ("bucket", "merchant_id", "id"),
)
ORDER_OF_ITEM: Final = Statement(
    b"""
    SELECT t.order_id FROM kitchen_ticket_items i JOIN kitchen_tickets t ON t.bucket = $1 AND t.id = i.ticket_id
    WHERE i.bucket = $1 AND t.merchant_id = $2 AND i.id = $3
    """,
    ("bucket", "merchant_id", "id"),
)


@cache
def page_of_tickets(statuses: tuple[str, ...], *, of_station: bool) -> Statement:
    """Return the statement that reads a page, oldest first.

    Each status is read by itself, in the order of its index and no further than the page goes: one that has a long past
    is not looked through for the others.
    """
    station = " AND station_id = $5" if of_station else ""
    parameters = ("bucket", "merchant_id", "after", "limit", *(["station_id"] if of_station else []))
    columns = names(KITCHEN_TICKETS).decode()
    each = (
        f"(SELECT {columns} FROM kitchen_tickets"  # noqa: S608 - statuses are our own
        f" WHERE bucket = $1 AND merchant_id = $2 AND status = '{status}'{station} AND id > $3 ORDER BY id LIMIT $4)"
        for status in statuses
    )
    return Statement(
        f"""
        SELECT {names(KITCHEN_TICKETS, "t").decode()}, o.number AS order_number
        FROM (SELECT {columns} FROM ({" UNION ALL ".join(each)}) AS found ORDER BY id LIMIT $4) AS t
        JOIN sale_orders o ON o.bucket = $1 AND o.id = t.order_id
        ORDER BY t.id
        """.encode(),  # noqa: S608 - the same
        parameters,
    )


FIND_STATIONS: Final = Statement(
    b"SELECT version, stations::text AS stations FROM kitchen_stations WHERE bucket = $1 AND merchant_id = $2",
    ("bucket", "merchant_id"),
)
# So that there is a row to lock.
ENSURE_STATIONS: Final = Statement(
    b"INSERT INTO kitchen_stations VALUES ($1, $2, 0, '[]') ON CONFLICT DO NOTHING", ("bucket", "merchant_id")
)
LOCK_STATIONS: Final = Statement(FIND_STATIONS.sql + b" FOR UPDATE", FIND_STATIONS.names)
UPDATE_STATIONS: Final = Statement(
    b"UPDATE kitchen_stations SET version = $3, stations = $4 WHERE bucket = $1 AND merchant_id = $2",
    ("bucket", "merchant_id", "version", "stations"),
)
