"""Figures of the store on PostgreSQL: one round trip, every statement on a partial index as small as its answer."""

from typing import Final

from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.outbox_sql import IS_HELD_BACK, IS_SET_ASIDE
from sale_adapters.postgres.trips import Begin, Query, Row, Statement, Trips
from sale_domain.money import Currency
from sale_domain.ports.figures import COUNTED_UP_TO, OPEN_STATUSES, Backlog, StoreFigures

# As the relay chooses them, over all shards.
UNPUBLISHED: Final = Statement(
    f"""
    SELECT count(*) AS count, min(occurred_at) AS oldest FROM (
        SELECT o.occurred_at FROM outbox o
        WHERE o.published_at IS NULL AND o.released_at IS NULL AND NOT {IS_HELD_BACK}
        ORDER BY o.occurred_at LIMIT $1
    ) AS waiting
    """.encode(),  # noqa: S608 - of literals alone
    ("most",),
)
SET_ASIDE: Final = Statement(
    f"""
    SELECT count(*) AS count, min(occurred_at) AS oldest FROM (
        SELECT occurred_at FROM outbox WHERE {IS_SET_ASIDE} ORDER BY bucket, order_id, seq LIMIT $1
    ) AS aside
    """.encode(),  # noqa: S608 - of literals alone
    ("most",),
)
# From the few that were set aside to what lies behind them, never through the whole backlog: `num_nulls` keeps every
# plan off the index of what is unpublished (see `outbox_sql`).
HELD_BACK: Final = Statement(
    f"""
    SELECT count(*) AS count, min(o.occurred_at) AS oldest FROM (
        SELECT bucket, order_id, min(seq) AS seq FROM (
            SELECT bucket, order_id, seq FROM outbox WHERE {IS_SET_ASIDE} ORDER BY bucket, order_id, seq LIMIT $1
        ) AS aside GROUP BY bucket, order_id
    ) AS first JOIN outbox o ON o.bucket = first.bucket AND o.order_id = first.order_id AND o.seq > first.seq
    WHERE num_nulls(o.published_at, o.released_at, o.set_aside_at) = 3
    """.encode(),  # noqa: S608 - of literals alone
    ("most",),
)
PARKED: Final = Statement(
    b"""
    SELECT count(*) AS count, min(parked_at) AS oldest FROM (
        SELECT parked_at FROM parked_payments ORDER BY parked_at LIMIT $1
    ) AS waiting
    """,
    ("most",),
)
ACTIVE_USAGES: Final = Statement(
    b"""
    SELECT count(*) AS count, min(started_at) AS oldest FROM (
        SELECT started_at FROM allocation_usages WHERE status = 'ACTIVE' ORDER BY started_at LIMIT $1
    ) AS active
    """,
    ("most",),
)
UNALLOCATED: Final = Statement(
    b"SELECT currency, sum(received - paid) AS amount FROM sale_orders WHERE received > paid GROUP BY currency"
)
# The status stands in the SQL, or a prepared statement's plan could not know the partial index.
OPEN_ORDERS: Final = {
    status: Statement(
        b"""
        SELECT count(*) AS count, min(created_at) AS oldest FROM (
            SELECT created_at FROM sale_orders WHERE status = '%s' ORDER BY created_at LIMIT $1
        ) AS open
        """
        % status.value.encode(),
        ("most",),
    )
    for status in OPEN_STATUSES
}


class PostgresFigures:
    """The `Figures` port."""

    def __init__(self, database: Database, *, count_up_to: int = COUNTED_UP_TO) -> None:
        self._database = database
        self._count_up_to = count_up_to

    async def read(self) -> StoreFigures:
        """See `Figures`."""
        return await self._database.transact(self._look, begin=Begin.TO_READ)

    async def _look(self, trips: Trips) -> StoreFigures:
        to_count = (UNPUBLISHED, SET_ASIDE, HELD_BACK, PARKED, ACTIVE_USAGES, *OPEN_ORDERS.values())
        queries = [self._bounded(each) for each in to_count]
        rows = await trips.go(UNALLOCATED(), *queries)
        unpublished, set_aside, held_back, parked, active, *by_status = (row for (row,) in rows[1:])
        return StoreFigures(
            unpublished=_backlog(unpublished),
            set_aside=_backlog(set_aside),
            held_back=_backlog(held_back),
            parked=_backlog(parked),
            unallocated={Currency(row["currency"]): row["amount"] for row in rows[0]},
            active_usages=_backlog(active),
            open_orders={status: _backlog(row) for status, row in zip(OPEN_ORDERS, by_status, strict=True)},
        )

    def _bounded(self, statement: Statement) -> Query:
        return statement(most=self._count_up_to)


def _backlog(row: Row) -> Backlog:
    return Backlog(count=row["count"], oldest=row["oldest"])
