"""The feed number that a read is true for: asked for in the same transaction, and answered with it."""

from collections.abc import Sequence

from sale_adapters.postgres import statements
from sale_adapters.postgres.trips import Query, Row
from sale_domain.ids import MerchantId, merchant_bucket


def feed_seq(merchant_id: MerchantId) -> Query:
    """Return the question for a merchant's newest number."""
    return statements.FEED_SEQ(bucket=merchant_bucket(merchant_id), merchant_id=merchant_id)


def number_in(feed: Sequence[Row]) -> int:
    """Return the number that was answered; 0 where nothing has happened yet."""
    return int(feed[0]["n"]) if feed else 0
