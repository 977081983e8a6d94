"""What the reconciler needs: the books, page by page and without a lock, and the log at an address."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol

import attrs

from sale_domain.ids import EventId, KitchenTicketId, MerchantId, OrderId
from sale_domain.orders import Order
from sale_domain.ports.publishing import PublishedAt


@attrs.frozen(kw_only=True)
class Published:
    """Where an outbox row says that its record is."""

    at: PublishedAt
    cluster_id: str


@attrs.frozen(kw_only=True)
class BookedEvent:
    """An outbox row, as far as it can be compared.

    Attributes:
        published: None while Kafka has not been told.
        released: Whether an operator has given it up: it is never published, and never cleaned up.
    """

    event_id: EventId
    order_id: OrderId
    seq: int
    transition: int | None
    published: Published | None
    released: bool = False


@attrs.frozen(kw_only=True)
class BookedEntry:
    """A history row of an order.

    Attributes:
        received: What the row says had come in by then; on payments only.
    """

    version: int
    status: str
    at: datetime
    transition: int | None
    received: Decimal | None


@attrs.frozen(kw_only=True)
class BookedOrder:
    """Everything that is at rest about one order, all of one moment.

    Attributes:
        order: From its row, its lines, its ledger, its kitchen and its usages.
        received: The stored column, which should follow from the ledger; so should `paid`.
        events: Its outbox rows by `seq`.
        entries: Its history rows, oldest first.
        ticket_statuses: The stored column of each kitchen ticket, which should follow from its items.
    """

    order: Order
    received: Decimal
    paid: Decimal
    events: tuple[BookedEvent, ...]
    entries: tuple[BookedEntry, ...]
    ticket_statuses: Mapping[KitchenTicketId, str]


@attrs.frozen(kw_only=True)
class OrderStamp:
    """An order, and when it last changed."""

    id: OrderId
    merchant_id: MerchantId
    updated_at: datetime


@attrs.frozen(kw_only=True)
class Feed:
    """A merchant, and the feed number that its counter stands at."""

    merchant_id: MerchantId
    n: int


@attrs.frozen(kw_only=True)
class FeedPage:
    """The counter and some history rows (number and time, newest first) of one moment."""

    n: int
    rows: tuple[tuple[int, datetime], ...]


class Wait(Enum):
    """What may wait too long: every status that an order is to leave, and what is to be applied or told."""

    DRAFT = "draft"
    PROCESSING = "processing"
    PARTIAL = "partial"
    PARKED = "parked"
    UNPUBLISHED = "unpublished"
    SET_ASIDE = "set-aside"


@attrs.frozen(kw_only=True)
class Place:
    """A bucket, or the one merchant of it that is meant; parked payments know no merchant."""

    bucket: int
    merchant_id: MerchantId | None = None


@attrs.frozen(kw_only=True)
class Queue:
    """How many things have waited too long, and the oldest of them."""

    count: int
    oldest: str
    since: datetime


class Books(Protocol):
    """What is at rest, to be compared. Nothing locks, no transaction is long, and every read names one bucket.

    Every method may raise `StoreUnavailable`.
    """

    async def feeds(self, buckets: Sequence[int]) -> tuple[Feed, ...]:
        """Return every merchant of the buckets that has a counter."""

    async def orders(
        self, bucket: int, *, merchant_id: MerchantId | None, after: OrderId | None, limit: int
    ) -> tuple[OrderStamp, ...]:
        """Return a page of a bucket's orders (or of one merchant's), by id."""

    async def orders_told_at(self, merchant_id: MerchantId, numbers: Collection[int]) -> frozenset[OrderId]:
        """Return the orders that these numbers of the merchant's feed are about."""

    async def booked(self, bucket: int, order_ids: Sequence[OrderId]) -> tuple[BookedOrder, ...]:
        """Return everything about these orders of one bucket, all of one moment."""

    async def feed(self, merchant_id: MerchantId, *, below: int | None, limit: int) -> FeedPage:
        """Return the newest history rows of a merchant, or the newest below a number."""

    async def waiting(self, kind: Wait, places: Sequence[Place], *, since_before: datetime) -> Queue | None:
        """Return what has waited since before a time; None when nothing has.

        Rows that were set aside do not count as unpublished.
        """


@attrs.frozen(kw_only=True)
class LoggedRecord:
    """A committed record as its readers see it; None where a stranger wrote no such thing."""

    event_id: str | None
    key: str | None


@attrs.frozen(kw_only=True)
class LookedUp:
    """What the log has at the addresses that were asked for.

    Attributes:
        records: Of those addresses where a `read_committed` reader finds a record.
        expired: The addresses before their partition's beginning: retention has deleted what was there.
    """

    cluster_id: str
    records: Mapping[PublishedAt, LoggedRecord]
    expired: frozenset[PublishedAt]


class LogReader(Protocol):
    """The log, read at single addresses."""

    async def look_up(self, places: Collection[PublishedAt]) -> LookedUp:
        """Read what a `read_committed` reader finds at these addresses.

        Raises:
            EventLogUnavailable: the log is away or too slow.
        """
