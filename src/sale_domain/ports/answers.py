"""Answers that are kept, so that a repeated request gets the first one's (Idempotency-Key, contract §9)."""

from collections.abc import Callable
from typing import ClassVar, Protocol

import attrs

from sale_domain.errors import SaleError
from sale_domain.ids import MerchantId, UserId
from sale_domain.views import OrderView


@attrs.frozen(kw_only=True)
class AnswerKey:
    """What makes two requests the same one; kept for 24 hours."""

    merchant_id: MerchantId
    user_id: UserId
    method: str
    path: str
    key: str


@attrs.frozen(kw_only=True)
class StoredAnswer:
    """An answer as it was sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@attrs.frozen(kw_only=True)
class Once:
    """A request that must have its effect once.

    Attributes:
        fingerprint: A digest of the body; the same key with another fingerprint is refused.
        answer: Renders the answer, inside the transaction that brings the effect.
    """

    key: AnswerKey
    fingerprint: bytes
    answer: Callable[[OrderView], StoredAnswer]


@attrs.define(kw_only=True, eq=False)
class AlreadyAnswered(SaleError):
    """The request had its effect before; nothing was done now.

    Attributes:
        answer: What the first request was told.
    """

    code: ClassVar[str] = "already-answered"
    answer: StoredAnswer


class Answers(Protocol):
    """The answers that are kept. Every method may raise `StoreUnavailable`."""

    async def find(self, key: AnswerKey, *, fingerprint: bytes) -> StoredAnswer | None:
        """Return the answer to an equal request of the last 24 hours.

        Raises:
            KeyReused: the key came with another body.
        """

    async def keep(self, key: AnswerKey, *, fingerprint: bytes, answer: StoredAnswer) -> StoredAnswer:
        """Keep a refusal, in a transaction of its own; return the answer that was kept first.

        Raises:
            KeyInUse: an equal request is still running and the lock time-out has passed.
            KeyReused: the key came with another body.
        """
