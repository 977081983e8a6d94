"""What is old, dropped from PostgreSQL in small transactions that each name one bucket."""

from collections.abc import Mapping
from datetime import datetime

from sale_adapters.postgres import inbox_sql as sql
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.trips import Statement, Trips
from sale_domain.ids import new_id
from sale_domain.ports.leftovers import Leftover

_STATEMENTS: Mapping[Leftover, Statement] = {
    Leftover.ANSWERS: sql.DROP_ANSWERS,
    Leftover.PUBLISHED: sql.DROP_PUBLISHED,
    Leftover.WEBHOOKS: sql.DROP_WEBHOOKS,
}


class PostgresLeftovers:
    """The `Leftovers` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def drop(self, kind: Leftover, *, bucket: int, before: datetime, most: int) -> int:
        """See `Leftovers`."""
        first_kept = new_id(milliseconds=int(before.timestamp() * 1000), randomness=0, bucket=0)
        query = _STATEMENTS[kind](bucket=bucket, before=before, most=most, first_kept_id=first_kept)

        async def work(trips: Trips) -> int:
            (gone,) = await trips.go(query, commit=True)
            return len(gone)

        return await self._database.transact(work)
