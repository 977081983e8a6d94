"""What must agree about one order: its row, lines, ledger, outbox and history, compared without a look elsewhere."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from sale_domain.feed import FeedAction
from sale_domain.ids import bucket_of, merchant_bucket
from sale_domain.ledger import Ledger
from sale_domain.money import Money
from sale_domain.order_lifecycle import ORDER_LIFECYCLE, OrderStatus
from sale_domain.orders import Order
from sale_domain.ports.reconciling import BookedOrder, Told
from sale_domain.reconciliation import Check, Finding, Mend, plain

_SUMS = 40_000
"""Of an order's payments and the sums that had come in by each, so many pairs are looked at: all of 200 payments."""


def check_order(booked: BookedOrder, *, kept_since: datetime) -> tuple[Finding, ...]:
    """Return what does not agree about an order; outbox rows from before `kept_since` may have been cleaned up.

    Stored money is mendable when nothing else is wrong with the order: were a fact lost, rewriting would hide it.
    """
    found = (
        *_merchant(booked.order),
        *_ledger(booked),
        *_facts(booked),
        *_status(booked.order),
        *_prices(booked.order),
        *_counters(booked),
        *_conflicts(booked.order),
        *_events(booked, kept_since=kept_since),
        *_payloads(booked),
        *_history(booked),
        *_seating(booked.order),
        *_kitchen(booked),
    )
    return (*_money(booked, mendable=all(finding.warning for finding in found)), *found)


def _money(booked: BookedOrder, *, mendable: bool) -> Iterator[Finding]:
    order = booked.order
    stored, right = (booked.received, booked.paid), (order.received.amount, order.paid.amount)
    if stored != right:
        told = (
            f"Stored are received {plain(stored[0])} and paid {plain(stored[1])} {order.currency}; "
            f"the ledger amounts to {plain(right[0])} and {plain(right[1])}."
        )
        mend = Mend(order_id=order.id, merchant_id=order.merchant_id, version=order.version, stored=stored, right=right)
        yield Finding(check=Check.MONEY, id=order.id, sentence=told, mend=mend if mendable else None)


def _ledger(booked: BookedOrder) -> Iterator[Finding]:
    """Let history bear witness: each fact has left an entry there with its amount and what had come in by then."""
    order, facts = booked.order, booked.order.ledger.facts
    told = [entry for entry in booked.entries if entry.received is not None]
    if len(told) != len(facts) or (told and told[-1].received != order.received.amount):
        end = f" and {_figure(told[-1].received)} received" if told else ""
        sentence = (
            f"The ledger has {len(facts)} facts that amount to {plain(order.received.amount)}; history tells of "
            f"{len(told)} payments{end}."
        )
        yield Finding(check=Check.LEDGER, id=order.id, sentence=sentence)
        return
    # Each sum is over all before it, so of a very long ledger only the end is summed up again.
    summed_from = len(facts) - _SUMS // max(1, len(facts))
    for number, (fact, entry) in enumerate(zip(facts, told, strict=True), start=1):
        received = Ledger(facts[:number]).received if number > summed_from else entry.received
        if (entry.amount, entry.received) != (fact.amount, received):
            sentence = (
                f"Fact {number} is {plain(fact.amount)}, {_figure(received)} received by then; history tells of "
                f"{_figure(entry.amount)}, {_figure(entry.received)} received."
            )
            yield Finding(check=Check.LEDGER, id=order.id, sentence=sentence)
            return


def _facts(booked: BookedOrder) -> Iterator[Finding]:
    """Compare each fact with the key that it was told under, and their numbers with 1, 2, 3 and so on."""
    order = booked.order
    if altered := [fact.ordinal for fact in booked.facts if not fact.as_told]:
        told = f"Of the ledger's facts {_listed(altered)} what makes it that fact is not what its key was made of."
        yield Finding(check=Check.FACT, id=order.id, sentence=told)
    ordinals = {fact.ordinal for fact in booked.facts}
    if wrong := ordinals ^ set(range(1, len(booked.facts) + 1)):
        told = (
            f"The ledger's facts are not numbered 1 to {len(booked.facts)}: it lacks, or has besides, {_listed(wrong)}."
        )
        yield Finding(check=Check.LEDGER, id=order.id, sentence=told)


def _counters(booked: BookedOrder) -> Iterator[Finding]:
    """Compare what the order has counted with what history tells of."""
    order, entries = booked.order, booked.entries
    checkouts = sum(entry.action == FeedAction.ORDER_CHECKED_OUT.value for entry in entries)
    if order.checkouts != checkouts:
        told = f"The order counts {order.checkouts} checkouts, and history tells of {checkouts}."
        yield Finding(check=Check.COUNTERS, id=order.id, sentence=told)
    if wrong := booked.snapshots ^ set(range(1, order.checkouts + 1)):
        told = f"Of the snapshots of {order.checkouts} checkouts the order lacks, or has besides, {_listed(wrong)}."
        yield Finding(check=Check.SNAPSHOT, id=order.id, sentence=told)
    last = next((n for n, entry in enumerate(entries, start=1) if entry.transition == order.transition), 0)
    known = sum(entry.received is not None for entry in entries[:last])
    if (last or not order.transition) and order.reported_facts != known:
        told = f"The last transition knew {known} facts by history; the order says {order.reported_facts}."
        yield Finding(check=Check.COUNTERS, id=order.id, sentence=told)


def _merchant(order: Order) -> Iterator[Finding]:
    if bucket_of(order.id) != merchant_bucket(order.merchant_id):
        told = f"The order does not lie in the bucket of its merchant {order.merchant_id}: it was another's."
        yield Finding(check=Check.MERCHANT, id=order.id, sentence=told)


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
        asked = "unknown" if total is None else plain(total.amount)
        told = f"The order is {order.status.value}, with {plain(order.paid.amount)} paid of {asked} {order.currency}."
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
                f"The total is {plain(totals.total.amount)}, the lines sum up to {plain(total.amount)}, subtotal, "
                f"discount and tax to {plain(computed.amount)} {order.currency}."
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


def _payloads(booked: BookedOrder) -> Iterator[Finding]:
    """Compare what each event says with its row, and its money with the order and with history."""
    order = booked.order
    total = order.totals.total.amount if order.totals else None
    received = {entry.transition: entry.received for entry in booked.entries if entry.transition is not None}
    for event in booked.events:
        told, number = event.told, event.transition
        differs = [
            name
            for name, said, stored in (
                ("eventId", told.event_id, event.event_id),
                ("saleOrderId", told.order_id, event.order_id),
                ("transition", told.transition, number),
                ("payment.total", told.total, None if number is None else total),
                ("payment.paid", told.paid, None if number is None else _paid(told, received.get(number))),
            )
            if said != stored
        ]
        if differs:
            sentence = f"The event says another {' and '.join(differs)} than its row, its order and history."
            yield Finding(check=Check.PAYLOAD, id=event.event_id, sentence=sentence)


def _paid(told: Told, received: Decimal | None) -> Decimal | None:
    """Return what the event must say is paid; where a checkout brought it about, history knows no figure."""
    return told.paid if received is None or told.total is None else min(received, told.total)


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
            told = f"Line {line.id} says that {plain(line.sent_quantity)} were sent; the kitchen has something else."
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


def _figure(amount: Decimal | None) -> str:
    return "nothing" if amount is None else plain(amount)
