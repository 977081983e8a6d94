"""What must agree with what: pure comparisons of everything that is at rest about an order, a feed, a queue."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

import attrs

from sale_domain.ids import MerchantId, OrderId
from sale_domain.money import Money
from sale_domain.order_lifecycle import ORDER_LIFECYCLE, OrderStatus
from sale_domain.orders import Order
from sale_domain.ports.reconciling import BookedEvent, BookedOrder, LookedUp, Queue, Wait


class Check(Enum):
    """What is compared; the values are stable codes."""

    MONEY = "money-differs"
    LEDGER = "ledger-differs"
    STATUS = "status-differs"
    TOTAL = "total-differs"
    PRICES = "prices-not-frozen"
    CONFLICTING_UID = "conflicting-uid"
    EVENT_MISSING = "event-missing"
    EVENT_UNEXPECTED = "event-unexpected"
    EVENT_GAP = "event-gap"
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
            f"Rewrite received {_plain(received)} → {_plain(right_received)} and paid {_plain(paid)} → "
            f"{_plain(right_paid)} of order {self.order_id} from its ledger, with a history entry."
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


def check_order(booked: BookedOrder, *, kept_since: datetime) -> tuple[Finding, ...]:
    """Return what does not agree about an order; outbox rows from before `kept_since` may have been cleaned up.

    Stored money is mendable when nothing else is wrong with the order: were a fact lost, rewriting would hide it.
    """
    found = (
        *_ledger(booked),
        *_status(booked.order),
        *_prices(booked.order),
        *_conflicts(booked.order),
        *_events(booked, kept_since=kept_since),
        *_history(booked),
        *_seating(booked.order),
        *_kitchen(booked),
    )
    return (*_money(booked, mendable=all(finding.warning for finding in found)), *found)


def check_records(events: Iterable[BookedEvent], looked_up: LookedUp) -> Iterator[Finding]:
    """Compare published rows with what the log has where they claim to be."""
    for event in events:
        if event.published is None or event.published.at in looked_up.expired:
            continue
        at, cluster_id = event.published.at, event.published.cluster_id
        where = f"{at.topic}-{at.partition} at offset {at.offset}"
        record = looked_up.records.get(at)
        if cluster_id != looked_up.cluster_id:
            told = f"The row says {where} of cluster {cluster_id}; this one is {looked_up.cluster_id}."
            yield Finding(check=Check.OTHER_LOG, id=event.event_id, sentence=told, warning=True)
        elif record is None:
            told = f"The row says {where}; no reader finds a record there."
            yield Finding(check=Check.RECORD_MISSING, id=event.event_id, sentence=told)
        elif (record.event_id, record.key) != (event.event_id, event.order_id):
            told = f"The row says {where}; there lies event {record.event_id} with key {record.key}."
            yield Finding(check=Check.RECORD, id=event.event_id, sentence=told)


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


def _money(booked: BookedOrder, *, mendable: bool) -> Iterator[Finding]:
    order = booked.order
    stored, right = (booked.received, booked.paid), (order.received.amount, order.paid.amount)
    if stored != right:
        told = (
            f"Stored are received {_plain(stored[0])} and paid {_plain(stored[1])} {order.currency}; "
            f"the ledger amounts to {_plain(right[0])} and {_plain(right[1])}."
        )
        mend = Mend(order_id=order.id, merchant_id=order.merchant_id, version=order.version, stored=stored, right=right)
        yield Finding(check=Check.MONEY, id=order.id, sentence=told, mend=mend if mendable else None)


def _ledger(booked: BookedOrder) -> Iterator[Finding]:
    """Let history bear witness: each fact has left an entry there that says what had come in by then."""
    told = [entry.received for entry in booked.entries if entry.received is not None]
    facts, received = len(booked.order.ledger.facts), booked.order.received.amount
    if len(told) != facts or (told and told[-1] != received):
        witness = f"history tells of {len(told)} payments" + (f" and {_plain(told[-1])} received" if told else "")
        yield Finding(
            check=Check.LEDGER,
            id=booked.order.id,
            sentence=f"The ledger has {facts} facts that amount to {_plain(received)}; {witness}.",
        )


def _status(order: Order) -> Iterator[Finding]:
    total = order.totals.total if order.totals else None
    nothing = Money.zero(order.currency)
    fits = {
        OrderStatus.COMPLETED: total == order.paid,
        OrderStatus.PARTIAL: total is not None and nothing < order.paid < total,
        OrderStatus.PROCESSING: total is not None and not total.is_zero and order.paid.is_zero,
    }
    if not fits.get(order.status, True):
        # Learning of a conflict may lower what was received; a status never goes back (decision 0004).
        conflicts = bool(order.ledger.conflicts())
        asked = "unknown" if total is None else _plain(total.amount)
        told = f"The order is {order.status.value}, with {_plain(order.paid.amount)} paid of {asked} {order.currency}."
        yield Finding(check=Check.STATUS, id=order.id, sentence=told, warning=conflicts)


def _prices(order: Order) -> Iterator[Finding]:
    prices = [line.price for line in order.basket.lines if line.price is not None]
    totals, unpriced = order.totals, len(order.basket.lines) - len(prices)
    if unpriced if totals else prices:
        told = f"The order is {order.status.value} and {len(prices)} of {len(order.basket.lines)} lines are priced."
        yield Finding(check=Check.PRICES, id=order.id, sentence=told)
    if totals:
        total = Money.sum((price.total for price in prices), currency=order.currency)
        computed = max(totals.subtotal - totals.discount + totals.tax, Money.zero(order.currency))
        if not totals.total == total == computed:
            told = (
                f"The total is {_plain(totals.total.amount)}, the lines sum up to {_plain(total.amount)}, subtotal, "
                f"discount and tax to {_plain(computed.amount)} {order.currency}."
            )
            yield Finding(check=Check.TOTAL, id=order.id, sentence=told)


def _conflicts(order: Order) -> Iterator[Finding]:
    for conflict in order.ledger.conflicts():
        told = f"mq-pay's {conflict.uid} names {' and '.join(conflict.names)}; it counts for the first."
        yield Finding(check=Check.CONFLICTING_UID, id=order.id, sentence=told, warning=True)


def _events(booked: BookedOrder, *, kept_since: datetime) -> Iterator[Finding]:
    order = booked.order
    rows = {event.transition for event in booked.events if event.transition is not None}
    told_at = {entry.transition: entry.at for entry in booked.entries if entry.transition is not None}
    for number in range(1, order.transition + 1):
        if number not in rows and told_at.get(number, kept_since) >= kept_since:
            told = f"Transition {number} has no outbox row."
            yield Finding(check=Check.EVENT_MISSING, id=order.id, sentence=told)
    for number in sorted(rows - set(range(1, order.transition + 1))):
        told = f"The outbox tells of transition {number}; the order has made {order.transition}."
        yield Finding(check=Check.EVENT_UNEXPECTED, id=order.id, sentence=told)
    # What was cleaned up is an order's oldest rows but those given up; of an order that is younger than that, none.
    kept = {event.seq for event in booked.events if not event.released}
    first = 1 if order.created_at >= kept_since else min(kept, default=order.events + 1)
    seqs = kept | {event.seq for event in booked.events if event.seq >= first}
    if wrong := seqs ^ set(range(first, order.events + 1)):
        told = f"Of events {first} to {order.events} the outbox lacks, or has besides, {_listed(wrong)}."
        yield Finding(check=Check.EVENT_GAP, id=order.id, sentence=told)


def _history(booked: BookedOrder) -> Iterator[Finding]:
    order, entries = booked.order, booked.entries
    transitions = Counter(entry.transition for entry in entries if entry.transition is not None)
    if wrong := {n for n in {*transitions, *range(1, order.transition + 1)} if transitions[n] != 1} | {
        n for n in transitions if n > order.transition
    }:
        told = f"Of transitions 1 to {order.transition} history does not tell once of {_listed(wrong)}."
        yield Finding(check=Check.TRANSITION, id=order.id, sentence=told)
    versions = Counter(entry.version for entry in entries)
    expected = set(range(1, order.version + 1))
    if wrong := {n for n in expected if versions[n] != 1} | (versions.keys() - expected):
        told = f"Of versions 1 to {order.version} history does not tell once of {_listed(wrong)}."
        yield Finding(check=Check.HISTORY_GAP, id=order.id, sentence=told)
    elif entries and entries[-1].status != order.status.value:
        told = f"The order is {order.status.value}, and history ends with {entries[-1].status}."
        yield Finding(check=Check.HISTORY, id=order.id, sentence=told)


def _seating(order: Order) -> Iterator[Finding]:
    active = [usage.unit_id for usage in order.seating.usages if usage.is_active]
    if active and ORDER_LIFECYCLE.is_terminal(order.status):
        told = f"The order is {order.status.value}, and it still has {', '.join(active)}."
        yield Finding(check=Check.USAGE, id=order.id, sentence=told)


def _kitchen(booked: BookedOrder) -> Iterator[Finding]:
    order, kitchen = booked.order, booked.order.kitchen
    has = kitchen.quantities
    for line in order.basket.lines:
        if line.sent_quantity != has.pop(line.id, Decimal(0)):
            told = f"Line {line.id} says that {_plain(line.sent_quantity)} were sent; the kitchen has something else."
            yield Finding(check=Check.SENT, id=order.id, sentence=told)
    if has:
        told = f"The kitchen has something of lines that the order has not: {', '.join(sorted(has))}."
        yield Finding(check=Check.SENT, id=order.id, sentence=told)
    for ticket in kitchen.tickets:
        if (stored := booked.ticket_statuses[ticket.id]) != ticket.status.value:
            told = f"The ticket is stored as {stored}; its items say {ticket.status.value}."
            yield Finding(check=Check.TICKET, id=ticket.id, sentence=told)
    moves, counted = sum(item.moves for item in kitchen.items), order.events - order.transition
    if moves != counted:
        told = f"Kitchen items have moved {moves} times; the order counts {counted} events of theirs."
        yield Finding(check=Check.KITCHEN_EVENTS, id=order.id, sentence=told)


_SHOWN = 10


def _listed(numbers: Iterable[int]) -> str:
    ordered = sorted(numbers)
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(map(str, ordered[:_SHOWN])) + more


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
