"""What can go wrong beyond the domain: callers, sisters, the store, Kafka; kinds and codes as in `errors`."""

from typing import ClassVar

import attrs

from sale_domain.errors import Conflict, Rejected, Unavailable


@attrs.define(kw_only=True, eq=False)
class SisterRefused(Rejected):
    """A sister service refused the request for a reason of its own (contract §10)."""

    code: ClassVar[str] = "sister-refused"
    sister: str
    status: int
    reason: str

    def __str__(self) -> str:
        return f"{self.sister} refused: {self.reason}"


@attrs.define(kw_only=True, eq=False)
class SisterUnavailable(Unavailable):
    """A sister service is down, too slow, or its answer cannot be used.

    Attributes:
        reason: What kind of failure it is.
        words: What of its answer, in the sister's own words or about them: for the log, not for callers.
        retry_after_seconds: When it may be worth asking again.
    """

    code: ClassVar[str] = "sister-unavailable"
    sister: str
    reason: str
    words: str = ""
    retry_after_seconds: int = 1

    def __str__(self) -> str:
        return f"{self.sister} is not available: {self.reason}{self.words and f' ({self.words})'}"


@attrs.define(kw_only=True, eq=False)
class StoreUnavailable(Unavailable):
    """The database is away, or a lock was not granted in time; nothing was written."""

    code: ClassVar[str] = "store-unavailable"
    reason: str

    def __str__(self) -> str:
        return f"The database is not available: {self.reason}"


class StoreBusy(StoreUnavailable):
    """The database is there, but others kept in it what was needed: a lock, or a transaction that must win."""


@attrs.define(kw_only=True, eq=False)
class EventTooLarge(Unavailable):
    """Kafka would never take the event, so nothing was written; mq-pay keeps a payment that is answered so (C17)."""

    code: ClassVar[str] = "event-too-large"
    topic: str
    size: int
    limit: int

    def __str__(self) -> str:
        return f"An event of {self.topic} has {self.size} bytes; at most {self.limit} can be sent."


@attrs.define(kw_only=True, eq=False)
class KeyReused(Rejected):
    """The Idempotency-Key came with another body before."""

    code: ClassVar[str] = "idempotency-key-reused"

    def __str__(self) -> str:
        return "This Idempotency-Key was used with another body."


class KeyInUse(Conflict):
    """The first request with this Idempotency-Key is still running."""

    code: ClassVar[str] = "idempotency-key-in-use"

    def __str__(self) -> str:
        return "The first request with this Idempotency-Key is still running."


@attrs.define(kw_only=True, eq=False)
class Unauthenticated(Rejected):
    """The request carries no token, or one that proves nothing."""

    code: ClassVar[str] = "unauthenticated"
    reason: str

    def __str__(self) -> str:
        return self.reason


@attrs.define(kw_only=True, eq=False)
class Forbidden(Rejected):
    """The caller may not do this."""

    code: ClassVar[str] = "forbidden"
    reason: str

    def __str__(self) -> str:
        return self.reason
