"""Seat guests, move them, see them off; and free what was reserved until now (contract §5)."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial

import attrs

from sale_domain.allocations import Told, Usage
from sale_domain.context import Context
from sale_domain.ids import OrderId, UnitId, UsageId, bucket_of
from sale_domain.orders import Order
from sale_domain.ports.orders import Decision, Need
from sale_domain.seating import Units, change_usage, expire_due
from sale_domain.seating import allocate as allocated
from sale_domain.use_cases.parts import Parts, StoreParts
from sale_domain.use_cases.sweep import each
from sale_domain.views import OrderView

BY_SWEEP = "sale-sweep"
"""Who expires a usage, as history tells it."""

PAGE = 100
"""How many usages whose time has come are read at a time."""


@attrs.frozen(kw_only=True)
class Expired:
    """What a sweep did with the usages whose time had come.

    Attributes:
        orders: Those some of whose usages have expired.
        failed: Those whose usages are ACTIVE still, and why: a bug, an order that is locked for long; none of them may
            keep other orders' units taken.
    """

    orders: tuple[OrderId, ...]
    failed: tuple[tuple[OrderId, Exception], ...] = ()


async def allocate(parts: Parts, context: Context, order_id: OrderId, units: Units) -> OrderView:
    """Take units for an order, all or none."""

    def decide(order: Order) -> Decision:
        context.check_version(order.version)
        ids = tuple(UsageId(parts.ids.new(bucket_of(order.id))) for _ in units.unit_ids)
        return Decision(change=allocated(order, units, ids=ids, at=parts.clock.now(), by=context.user_id))

    # All of them: those that have ended count towards what an order may have in its life.
    committed = await parts.orders.change(
        order_id, decide, merchant_id=context.merchant_id, needs=Need.SEATING, once=context.once
    )
    return committed.view


async def complete(parts: Parts, context: Context, usage_id: UsageId) -> OrderView:
    """End a usage well."""
    return await _change(parts, context, usage_id, lambda usage, at: usage.complete(at=at, by=context.user_id))


async def cancel(parts: Parts, context: Context, usage_id: UsageId, *, reason: str | None) -> OrderView:
    """Give a usage up."""
    return await _change(
        parts, context, usage_id, lambda usage, at: usage.cancel(reason=reason, at=at, by=context.user_id)
    )


async def move(parts: Parts, context: Context, usage_id: UsageId, *, unit_id: UnitId) -> OrderView:
    """Take another unit instead."""
    return await _change(parts, context, usage_id, lambda usage, at: usage.move(unit_id, at=at, by=context.user_id))


async def sweep_expired(parts: StoreParts, buckets: range) -> Expired:
    """End the usages whose time has come, each order's in a transaction of its own.

    It may run twice at a time, and beside waiters: the order's lock keeps each effect single.

    Raises:
        StoreUnavailable: the database is away; what has expired stays so.
    """
    expired, failed = await each(_overdue(parts, buckets), partial(_expire, parts))
    return Expired(orders=tuple(dict.fromkeys(expired)), failed=failed)


async def _overdue(parts: StoreParts, buckets: range) -> AsyncIterator[OrderId]:
    after: tuple[datetime, UsageId] | None = None
    until = parts.clock.now()
    while page := await parts.usages.due(buckets, until=until, after=after, limit=PAGE):
        for order_id in dict.fromkeys(usage.order_id for usage in page):
            yield order_id
        # Only forwards, so that a usage which cannot expire is not met again in this sweep.
        last = page[-1]
        assert last.reserved_to is not None, "what is due was reserved to some time"
        after = (last.reserved_to, last.id)


async def _expire(parts: StoreParts, order_id: OrderId) -> bool:
    """End what is due; tell whether there was something left to end."""

    def decide(order: Order) -> Decision:
        return Decision(change=expire_due(order, at=parts.clock.now(), by=BY_SWEEP))

    committed = await parts.orders.change(order_id, decide, merchant_id=None, needs=Need.ACTIVE_USAGES)
    return bool(committed.decision.change.entries)


async def _change(
    parts: Parts, context: Context, usage_id: UsageId, act: Callable[[Usage, datetime], Told]
) -> OrderView:
    order_id = await parts.usages.order_of(usage_id, merchant_id=context.merchant_id)

    def act_now(usage: Usage) -> Told:
        context.check_version(usage.version)
        return act(usage, parts.clock.now())

    def decide(order: Order) -> Decision:
        return Decision(change=change_usage(order, usage_id, act_now))

    # All of them: one that has ended is refused as such.
    committed = await parts.orders.change(
        order_id, decide, merchant_id=context.merchant_id, needs=Need.SEATING, once=context.once
    )
    return committed.view
