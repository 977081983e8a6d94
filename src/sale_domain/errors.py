"""What can go wrong, as outcomes: one root, three kinds, a stable code each.

`Rejected`: the caller is wrong and must change the request. `Conflict`: the world has moved; look again.
`Unavailable`: a part that Sale needs is away; the same request may work later.
A broken invariant is none of these: it is an `assert`, a bug.
"""

from typing import ClassVar

import attrs

from sale_domain.money import Money


@attrs.define(kw_only=True, eq=False)
class SaleError(Exception):
    """The root of everything that Sale refuses; `code` is stable (RFC 9457 `type` and `code`)."""

    code: ClassVar[str] = "sale-error"

    def __str__(self) -> str:
        """Return the reason as a sentence."""
        return self.code


class Rejected(SaleError):
    """The request is wrong; repeating it changes nothing."""


class Conflict(SaleError):
    """The thing is not in a state that allows this; look at it again."""


class Unavailable(SaleError):
    """A part that Sale needs is away or answers nonsense; nothing was written."""


@attrs.define(kw_only=True, eq=False)
class NotFound(Rejected):
    """There is no such thing, or it is another merchant's (contract §9: no difference shows)."""

    code: ClassVar[str] = "not-found"
    thing: str

    def __str__(self) -> str:
        return f"There is no such {self.thing}."


@attrs.define(kw_only=True, eq=False)
class Invalid(Rejected):
    """A value that parsed well cannot be used.

    Attributes:
        pointer: RFC 6901, into the request's body.
    """

    code: ClassVar[str] = "invalid"
    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.detail}"


@attrs.define(kw_only=True, eq=False)
class UnknownItem(Rejected):
    """Commerce knows no such item."""

    code: ClassVar[str] = "unknown-item"
    item_id: str

    def __str__(self) -> str:
        return f"The catalogue has no item {self.item_id!r}."


@attrs.define(kw_only=True, eq=False)
class UnknownSaleChannel(Rejected):
    """Commerce knows no such sale channel of this merchant."""

    code: ClassVar[str] = "unknown-sale-channel"
    sale_channel_id: str

    def __str__(self) -> str:
        return f"The merchant has no sale channel {self.sale_channel_id!r}."


@attrs.define(kw_only=True, eq=False)
class TooManyLines(Rejected):
    """An order holds a bounded number of lines."""

    code: ClassVar[str] = "too-many-lines"
    limit: int

    def __str__(self) -> str:
        return f"An order holds at most {self.limit} lines."


class AmountTooLarge(Rejected):
    """The order would cost more than a decimal(15,4) holds."""

    code: ClassVar[str] = "amount-too-large"

    def __str__(self) -> str:
        return "The order costs more than can be written down; reduce its quantities."


@attrs.define(kw_only=True, eq=False)
class OrderTooLarge(Rejected):
    """The order's lines need more room than an event has; say it in several orders."""

    code: ClassVar[str] = "order-too-large"
    bytes_needed: int
    limit: int

    def __str__(self) -> str:
        return f"The order's events would need {self.bytes_needed} bytes of {self.limit}: make several orders of it."


class EmptyOrder(Rejected):
    """There is nothing to check out."""

    code: ClassVar[str] = "empty-order"

    def __str__(self) -> str:
        return "The order has no lines."


@attrs.define(kw_only=True, eq=False)
class ExchangeRateRequired(Rejected):
    """The order is in another currency than its sale channel (C24)."""

    code: ClassVar[str] = "exchange-rate-required"
    order_currency: str
    channel_currency: str

    def __str__(self) -> str:
        return (
            f"The order is in {self.order_currency}, its sale channel in {self.channel_currency}: give an exchangeRate."
        )


@attrs.define(kw_only=True, eq=False)
class ExchangeRateNotNeeded(Rejected):
    """The order is in its sale channel's currency: a rate other than 1 would be a lie."""

    code: ClassVar[str] = "exchange-rate-not-needed"
    currency: str

    def __str__(self) -> str:
        return f"The order and its sale channel are both in {self.currency}: there is nothing to exchange."


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
class IllegalTransition(Conflict):
    """The lifecycle has no such transition."""

    code: ClassVar[str] = "illegal-transition"
    status: str
    action: str

    def __str__(self) -> str:
        return f"{self.action!r} is not possible while the status is {self.status}."


@attrs.define(kw_only=True, eq=False)
class ComboChild(Conflict):
    """A combo moves as one: its children are changed through the lead line."""

    code: ClassVar[str] = "combo-child"
    line_id: str
    lead_id: str

    def __str__(self) -> str:
        return f"The line belongs to a combo; change its lead line {self.lead_id} instead."


@attrs.define(kw_only=True, eq=False)
class AlreadySent(Conflict):
    """The kitchen has it: what is sent is voided there, not edited here."""

    code: ClassVar[str] = "already-sent"
    line_id: str

    def __str__(self) -> str:
        return "The kitchen already has this line; void it there first."


@attrs.define(kw_only=True, eq=False)
class PriceChanged(Conflict):
    """Pricing asks for another total than the customer has seen."""

    code: ClassVar[str] = "price-changed"
    expected: Money
    actual: Money

    def __str__(self) -> str:
        actual, expected = (money.amount.normalize() for money in (self.actual, self.expected))
        return f"The total is {actual:f} {self.actual.currency}, not {expected:f}."


@attrs.define(kw_only=True, eq=False)
class StaleVersion(Conflict):
    """The thing has changed since the caller read it (If-Match, RFC 9110)."""

    code: ClassVar[str] = "stale-version"
    expected: int
    actual: int

    def __str__(self) -> str:
        return f"The thing is at version {self.actual}, not {self.expected}."


class OrderChanged(Conflict):
    """The order kept changing while it was being worked on; nothing was written.

    As any answer below 500 it is kept under its Idempotency-Key (contract §9): to try again takes another one.
    """

    code: ClassVar[str] = "order-changed"

    def __str__(self) -> str:
        return "The order is still changing; try again, with another Idempotency-Key if there was one."


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
