"""The feed on PostgreSQL: one round trip a look, and where there is news of several merchants one more."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sale_adapters.postgres import rows
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.trips import Query, Statement
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
# A statement a merchant: all of them in one would need a LIMIT for each, which no distributed PostgreSQL takes apart.
SINCE: Final = Statement(
    b"""
    SELECT merchant_id, n, topic, thing_id, action, version, status, from_status, at, by, reason, transition,
        data::text AS data
    FROM history WHERE bucket = $1 AND merchant_id = $2 AND n > $3 ORDER BY n LIMIT $4
    """,
    ("bucket", "merchant_id", "position", "limit"),
)


class PostgresFeed:
    """The `Feed` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heads(self, merchants: Collection[MerchantId]) -> Mapping[MerchantId, int]:
        """See `Feed`."""
        asked = list(merchants)
        (found,) = await self._database.read(_heads(asked))
        return dict.fromkeys(asked, 0) | {MerchantId(row["merchant_id"]): row["n"] for row in found}

    async def since(
        self, positions: Mapping[MerchantId, int], *, limit: int
    ) -> Mapping[MerchantId, Sequence[NumberedEntry]]:
        """See `Feed`; of several merchants most have nothing new, so that they are asked for their heads first."""
        news = list(positions)
        if len(news) > 1:
            (heads,) = await self._database.read(_heads(news))
            news = [MerchantId(row["merchant_id"]) for row in heads if row["n"] > positions[row["merchant_id"]]]
        found = await self._database.read(*(_since(one, positions[one], limit) for one in news)) if news else ()
        return {
            MerchantId(entries[0]["merchant_id"]): tuple(map(rows.entry_of, entries)) for entries in found if entries
        }


def _heads(merchants: list[MerchantId]) -> Query:
    return HEADS(buckets=[merchant_bucket(merchant_id) for merchant_id in merchants], merchants=merchants)


def _since(merchant_id: MerchantId, position: int, limit: int) -> Query:
    return SINCE(bucket=merchant_bucket(merchant_id), merchant_id=merchant_id, position=position, limit=limit)
