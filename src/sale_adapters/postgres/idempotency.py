"""An Idempotency-Key inside a transaction: claimed first of all, so that an equal request waits there."""

from collections.abc import Sequence

from sale_adapters.postgres import answer_rows
from sale_adapters.postgres import statements as sql
from sale_adapters.postgres.trips import Query, Row, Trips
from sale_domain.port_errors import KeyInUse, KeyReused
from sale_domain.ports.answers import AlreadyAnswered, Once, StoredAnswer


def claim(once: Once) -> Query:
    """Return the statement that makes the key ours, or finds it taken."""
    return sql.CLAIM_KEY(**answer_rows.claim_values(once.key, fingerprint=once.fingerprint)).or_late(KeyInUse())


async def told_before(trips: Trips, once: Once, claimed: Sequence[Row]) -> None:
    """Check that the claim has made the key ours.

    Raises:
        AlreadyAnswered: an equal request has had its effect.
        KeyReused: the key came with another body.
    """
    if not claimed:
        (found,) = await trips.go(sql.FIND_ANSWER(**answer_rows.key_values(once.key)))
        raise AlreadyAnswered(answer=kept_answer(found[0], fingerprint=once.fingerprint))


def kept_answer(row: Row, *, fingerprint: bytes) -> StoredAnswer:
    """Return the answer that a row keeps.

    Raises:
        KeyReused: the row's request had another body.
    """
    if row["fingerprint"] != fingerprint:
        raise KeyReused
    return answer_rows.answer_of(row)
