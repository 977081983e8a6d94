"""Kept answers on PostgreSQL."""

from sale_adapters.postgres import answer_rows
from sale_adapters.postgres import statements as sql
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.idempotency import kept_answer
from sale_adapters.postgres.trips import Begin, Trips
from sale_domain.port_errors import KeyInUse
from sale_domain.ports.answers import AnswerKey, StoredAnswer


class PostgresAnswers:
    """The `Answers` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: AnswerKey, *, fingerprint: bytes) -> StoredAnswer | None:
        """See `Answers`."""

        async def work(trips: Trips) -> StoredAnswer | None:
            (found,) = await trips.go(sql.FIND_ANSWER(**answer_rows.key_values(key)), commit=True)
            return kept_answer(found[0], fingerprint=fingerprint) if found else None

        return await self._database.transact(work, begin=Begin.TO_READ)

    async def keep(self, key: AnswerKey, *, fingerprint: bytes, answer: StoredAnswer) -> StoredAnswer:
        """See `Answers`."""
        claim = sql.CLAIM_KEY(**answer_rows.claim_values(key, fingerprint=fingerprint, answer=answer))

        async def work(trips: Trips) -> StoredAnswer:
            # Both in one trip: where the key is ours the second finds our own answer.
            _, found = await trips.go(
                claim.or_late(KeyInUse()), sql.FIND_ANSWER(**answer_rows.key_values(key)), commit=True
            )
            return kept_answer(found[0], fingerprint=fingerprint)

        return await self._database.transact(work)
