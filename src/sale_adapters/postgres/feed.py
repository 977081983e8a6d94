"""The feed on PostgreSQL: one round trip a look, however many merchants are followed."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sale_adapters.postgres import rows
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.trips import Begin, Query, Row, Statement, Trips
from sale_domain.ids import MerchantId, merchant_bucket
from sale_domain.ports.orders import NumberedEntry

# Each merchant comes with its bucket, so that every look-up is one on the primary key. These read without locks.
HEADS: Final = Statement(
    b"""
    SELECT f.merchant_id, f.n FROM unnest($1::smallint[], $2::text[]) AS asked (bucket, merchant_id)
    JOIN merchant_feeds f ON f.bucket = asked.bucket AND f.merchant_id = asked.merchant_id
    """,
    ("buckets", "merchants"),
)
SINCE: Final = Statement(
    b"""
    SELECT found.* FROM unnest($1::smallint[], $2::text[], $3::bigint[]) AS asked (bucket, merchant_id, n)
    CROSS JOIN LATERAL (
        SELECT h.merchant_id, h.n, h.topic, h.thing_id, h.action, h.version, h.status, h.from_status, h.at, h.by,
            h.reason, h.transition, h.data::text AS data
        FROM history h WHERE h.bucket = asked.bucket AND h.merchant_id = asked.merchant_id AND h.n > asked.n
        ORDER BY h.n LIMIT $4
    ) AS found
    ORDER BY found.merchant_id, found.n
    """,
    ("buckets", "merchants", "positions", "limit"),
)


class PostgresFeed:
    """The `Feed` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heads(self, merchants: Collection[MerchantId]) -> Mapping[MerchantId, int]:
        """See `Feed`."""
        asked = list(merchants)
        found = await self._read(HEADS(buckets=_buckets(asked), merchants=asked))
        return dict.fromkeys(asked, 0) | {MerchantId(row["merchant_id"]): row["n"] for row in found}

    async def since(
        self, positions: Mapping[MerchantId, int], *, limit: int
    ) -> Mapping[MerchantId, Sequence[NumberedEntry]]:
        """See `Feed`."""
        asked = list(positions)
        found = await self._read(
            SINCE(buckets=_buckets(asked), merchants=asked, positions=list(positions.values()), limit=limit)
        )
        entries: defaultdict[MerchantId, list[NumberedEntry]] = defaultdict(list)
        for row in found:
            entries[MerchantId(row["merchant_id"])].append(rows.entry_of(row))
        return entries

    async def _read(self, query: Query) -> list[Row]:
        async def work(trips: Trips) -> list[Row]:
            (found,) = await trips.go(query, commit=True)
            return found

        return await self._database.transact(work, begin=Begin.TO_READ)


def _buckets(merchants: Collection[MerchantId]) -> list[int]:
    return [merchant_bucket(merchant_id) for merchant_id in merchants]
