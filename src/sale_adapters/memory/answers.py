"""Kept answers in memory."""

from sale_adapters.memory.store import MemoryStore
from sale_domain.port_errors import KeyInUse
from sale_domain.ports.answers import AnswerKey, StoredAnswer


class MemoryAnswers:
    """The `Answers` port over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(self, key: AnswerKey, *, fingerprint: bytes) -> StoredAnswer | None:
        """See `Answers`."""
        await self._store.reach()
        return self._store.answer(key, fingerprint=fingerprint)

    async def keep(self, key: AnswerKey, *, fingerprint: bytes, answer: StoredAnswer) -> StoredAnswer:
        """See `Answers`."""
        async with self._store.locked(key, otherwise=KeyInUse()):
            first = self._store.answer(key, fingerprint=fingerprint)
            if first is not None:
                return first
            self._store.keep(key, fingerprint=fingerprint, answer=answer)
            return answer
