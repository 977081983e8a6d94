"""What must agree with what: pure comparisons of events with the log, of feeds, of queues; and how findings look."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

import attrs

from sale_domain.ids import MerchantId, OrderId
from sale_domain.ports.reconciling import BookedEvent, EventsOf, LookedUp, Queue, UnreadableOrder, Wait


class Check(Enum):
    """What is compared; the values are stable codes."""

    UNREADABLE = "unreadable"
    MONEY = "money-differs"
    LEDGER = "ledger-differs"
    FACT = "fact-altered"
    COUNTERS = "counters-differ"
    MERCHANT = "merchant-differs"
    STATUS = "status-differs"
    TOTAL = "total-differs"
    PRICES = "prices-not-frozen"
    SNAPSHOT = "snapshot-missing"
    CONFLICTING_UID = "conflicting-uid"
    EVENT_MISSING = "event-missing"
    EVENT_UNEXPECTED = "event-unexpected"
    EVENT_GAP = "event-gap"
    EVENT_ORPHANED = "event-orphaned"
    PAYLOAD = "payload-differs"
    TRANSITION = "transition-not-told"
    SENT = "sent-differs"
    TICKET = "ticket-differs"
    KITCHEN_EVENTS = "kitchen-events-differ"
    HISTORY_GAP = "history-gap"
    HISTORY = "history-differs"
    USAGE = "usage-outlives-order"
    FEED_GAP = "feed-gap"
    RECORD_MISSING = "record-missing"
    RECORD = "record-differs"
    OTHER_LOG = "other-log"
    STUCK_DRAFT = "stuck-draft"
    STUCK_PROCESSING = "stuck-processing"
    STUCK_PARTIAL = "stuck-partial"
    STUCK_PARKED = "stuck-parked"
    STUCK_UNPUBLISHED = "stuck-unpublished"
    STUCK_SET_ASIDE = "stuck-set-aside"


def plain(amount: Decimal) -> str:
    """Return a figure as people write it."""
    return f"{amount.normalize():f}"


@attrs.frozen(kw_only=True)
class Mend:
    """A safe repair: write what the ledger amounts to, as long as the order is still at this version."""

    order_id: OrderId
    merchant_id: MerchantId
    version: int
    stored: tuple[Decimal, Decimal]
    right: tuple[Decimal, Decimal]

    def __str__(self) -> str:
        """Return what would be done, as a sentence."""
        (received, paid), (right_received, right_paid) = self.stored, self.right
        return (
            f"Rewrite received {plain(received)} → {plain(right_received)} and paid {plain(paid)} → "
            f"{plain(right_paid)} of order {self.order_id} from its ledger, with a history entry."
        )


@attrs.frozen(kw_only=True)
class Finding:
    """Something that does not agree.

    Attributes:
        id: Of the thing: an order, an event, a merchant.
        warning: Whether it is for a person to look at and contradicts no promise.
        mend: How it can be mended without a guess; None when only a person can tell.
    """

    check: Check
    id: str
    sentence: str
    warning: bool = False
    mend: Mend | None = None


_CLOCKS_DIFFER = timedelta(hours=1)
"""A broker's clock from ours, at most."""


@attrs.frozen(kw_only=True)
class Limits:
    """How long things may wait, and how long an outbox row must be kept after it happened."""

    ages: Mapping[Wait, timedelta] = MappingProxyType(
        {
            Wait.DRAFT: timedelta(hours=24),
            Wait.PROCESSING: timedelta(hours=12),
            Wait.PARTIAL: timedelta(hours=24),
            Wait.PARKED: timedelta(minutes=15),
            Wait.UNPUBLISHED: timedelta(minutes=5),
            Wait.SET_ASIDE: timedelta(0),
        }
    )
    events_kept: timedelta = timedelta(days=7)


def unreadable(order: UnreadableOrder) -> Finding:
    """Say that an order cannot be compared."""
    told = f"A row of the order cannot be read, so nothing of it was compared: {order.reason}."
    return Finding(check=Check.UNREADABLE, id=order.id, sentence=told)


def check_events_of(named: EventsOf) -> Iterator[Finding]:
    """Look for outbox rows of an order that there is not."""
    if not named.has_order:
        told = f"The outbox has rows of this order of {named.merchant_id}, and there is no such order."
        yield Finding(check=Check.EVENT_ORPHANED, id=named.order_id, sentence=told)


def check_records(events: Iterable[BookedEvent], looked_up: LookedUp, *, now: datetime) -> Iterator[Finding]:
    """Compare rows, all of them published, with what the log has where they claim to be."""
    for event in events:
        assert event.published is not None, "what is not published has no address"
        at, cluster_id = event.published.at, event.published.cluster_id
        where = f"{at.topic}-{at.partition} at offset {at.offset}"
        record = looked_up.records.get(at)
        if cluster_id != looked_up.cluster_id:
            told = f"The row says {where} of cluster {cluster_id}; this one is {looked_up.cluster_id}."
            yield Finding(check=Check.OTHER_LOG, id=event.event_id, sentence=told, warning=True)
        elif at.offset >= 0 and at in looked_up.expired:
            yield from _expired_too_soon(event, looked_up.retention.get(at.topic), now=now)
        elif record is None:
            told = f"The row says {where}; no reader finds a record there."
            yield Finding(check=Check.RECORD_MISSING, id=event.event_id, sentence=told)
        elif (record.event_id, record.key) != (event.event_id, event.order_id):
            told = f"The row says {where}; there lies event {record.event_id} with key {record.key}."
            yield Finding(check=Check.RECORD, id=event.event_id, sentence=told)


def _expired_too_soon(event: BookedEvent, retention: timedelta | None, *, now: datetime) -> Iterator[Finding]:
    """Yield a finding when the log cannot have deleted the record yet: it is not older than its event."""
    assert event.published is not None, "what is not published has no address"
    if retention is not None and now - event.occurred_at < retention - _CLOCKS_DIFFER:
        at = event.published.at
        told = (
            f"The row says {at.topic}-{at.partition} at offset {at.offset}, before the log's beginning; but the log "
            f"keeps its records for {retention}, and the event is of {event.occurred_at.isoformat()}."
        )
        yield Finding(check=Check.RECORD_MISSING, id=event.event_id, sentence=told)


def check_feed(merchant_id: MerchantId, numbers: Sequence[int], *, newest: int) -> Iterator[Finding]:
    """Compare a page of a merchant's feed, newest first, with the number that it must begin with."""
    if newest and not numbers:
        yield _feed_gap(merchant_id, 1, newest)
    expected = newest
    for number in numbers:
        if number > expected:
            told = f"The feed has number {number}, and its counter has only come to {expected}."
            yield Finding(check=Check.FEED_GAP, id=merchant_id, sentence=told)
        elif number < expected:
            yield _feed_gap(merchant_id, number + 1, expected)
        expected = number - 1


def check_queue(kind: Wait, queue: Queue, *, limit: timedelta) -> Finding:
    """Say what has waited too long."""
    what = {
        Wait.DRAFT: "orders are DRAFT",
        Wait.PROCESSING: "orders are PROCESSING",
        Wait.PARTIAL: "orders are PARTIAL",
        Wait.PARKED: "payments are parked",
        Wait.UNPUBLISHED: "events are unpublished",
        Wait.SET_ASIDE: "events are set aside",
    }[kind]
    told = f"{queue.count} {what} for longer than {limit}; the oldest since {queue.since.isoformat()}."
    return Finding(check=Check(f"stuck-{kind.value}"), id=queue.oldest, sentence=told, warning=True)


def _feed_gap(merchant_id: MerchantId, first: int, last: int) -> Finding:
    told = f"The feed lacks number {first}." if first == last else f"The feed lacks numbers {first} to {last}."
    return Finding(check=Check.FEED_GAP, id=merchant_id, sentence=told)
