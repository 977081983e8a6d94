"""Do later what could not be done at once: apply parked payments, and drop what is old (contract §6, architecture §5).

Sweeps may run twice at a time, and beside webhooks: the order's lock and the facts' keys keep each effect single.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from functools import partial

import attrs

from sale_domain.announcements import messages
from sale_domain.ids import OrderId
from sale_domain.orders import Order
from sale_domain.ports.leftovers import Leftover, Leftovers
from sale_domain.ports.orders import Decision, Need, ParkedFact
from sale_domain.use_cases.parts import StoreParts
from sale_domain.use_cases.sweep import each

PAGE = 100
"""How many parked facts are read at a time."""

BATCH = 1000
"""How many old rows one statement drops at most: its locks and its dead rows stay few."""


@attrs.frozen(kw_only=True)
class Swept:
    """What a sweep did with the parked facts whose order was there.

    Attributes:
        applied: Those that wait no longer.
        failed: Those that stay parked, and why: a bug, an event that is too large, an order that is locked for long;
            none of them may keep other orders' money waiting.
    """

    applied: tuple[ParkedFact, ...]
    failed: tuple[tuple[ParkedFact, Exception], ...] = ()


async def sweep_parked(parts: StoreParts, buckets: range, *, since: datetime) -> Swept:
    """Apply the facts parked since then whose order is there by now, each in a transaction of its own.

    Raises:
        StoreUnavailable: the database is away; what was applied stays so.
    """
    applied, failed = await each(_arrived(parts, buckets, since=since), partial(_apply, parts))
    return Swept(applied=applied, failed=failed)


async def clean_up(
    leftovers: Leftovers, buckets: range, *, before: Mapping[Leftover, datetime]
) -> Mapping[Leftover, int]:
    """Drop of each kind what is older than its time; return how many rows that were."""
    dropped = dict.fromkeys(before, 0)
    for kind, time in before.items():
        for bucket in buckets:
            count = BATCH
            while count == BATCH:
                count = await leftovers.drop(kind, bucket=bucket, before=time, most=BATCH)
                dropped[kind] += count
    return dropped


async def _arrived(parts: StoreParts, buckets: range, *, since: datetime) -> AsyncIterator[ParkedFact]:
    after = ""
    while page := await parts.inbox.arrived(buckets, since=since, after=after, limit=PAGE):
        for parked in page:
            yield parked
        # Only forwards, so that a fact which cannot be applied is not met again in this sweep.
        since, after = page[-1].parked_at, page[-1].webhook_id


async def _apply(parts: StoreParts, parked: ParkedFact) -> bool:
    """Count a fact for its order; a webhook that brings it at the same time finds it known, or waits for the lock."""

    def decide(order: Order) -> Decision:
        _, change = order.record_payment(parked.fact, at=parts.clock.now())
        told = messages(change, new_id=parts.ids.new)
        return Decision(change=change, messages=told, unparked=parked.fact)

    order_id = OrderId(parked.fact.source.id)
    await parts.orders.change(order_id, decide, merchant_id=None, needs=Need.ACTIVE_USAGES)
    return True
