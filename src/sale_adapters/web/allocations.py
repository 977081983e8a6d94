"""What can be asked of allocation usages over HTTP."""

from collections.abc import Callable
from functools import partial

from sale_adapters.web.calls import Call
from sale_adapters.web.replies import feed_seq, reply
from sale_adapters.wire.allocations import (
    AllocateBody,
    CancelUsageBody,
    MoveUsageBody,
    UsageQuery,
    started_body,
    usage_body,
    usage_list_body,
)
from sale_adapters.wire.bodies import EmptyBody
from sale_domain.ids import OrderId, UnitId, UsageId
from sale_domain.ports.answers import StoredAnswer
from sale_domain.views import OrderView


async def allocate(call: Call) -> StoredAnswer:
    """Take units for an order."""
    units = call.parsed(AllocateBody).request()
    return _started(await call.sale.allocate(call.changing(_started), call.named(OrderId), units))


async def complete(call: Call) -> StoredAnswer:
    """End a usage well."""
    call.parsed(EmptyBody)
    shown = _shown(call.named(UsageId))
    return shown(await call.sale.complete_usage(call.changing(shown), call.named(UsageId)))


async def cancel(call: Call) -> StoredAnswer:
    """Give a usage up."""
    reason, shown = call.parsed(CancelUsageBody).reason, _shown(call.named(UsageId))
    return shown(await call.sale.cancel_usage(call.changing(shown), call.named(UsageId), reason=reason))


async def move(call: Call) -> StoredAnswer:
    """Take another unit instead."""
    unit_id, shown = UnitId(call.parsed(MoveUsageBody).unit_id), _shown(call.named(UsageId))
    return shown(await call.sale.move_usage(call.changing(shown), call.named(UsageId), unit_id=unit_id))


async def find(call: Call) -> StoredAnswer:
    """List usages, newest first."""
    query = call.query(UsageQuery)
    page = await call.sale.usages(call.reading(), query.filter(), after=query.after, limit=query.limit)
    return reply(usage_list_body(page), headers=feed_seq(page.feed_seq))


def _started(view: OrderView) -> StoredAnswer:
    return reply(started_body(view), status=201)


def _shown(usage_id: UsageId) -> Callable[[OrderView], StoredAnswer]:
    return partial(_usage_reply, usage_id)


def _usage_reply(usage_id: UsageId, view: OrderView) -> StoredAnswer:
    """Show one usage, with its version as ETag."""
    usage = view.order.seating.usage(usage_id)
    return reply(usage_body(usage), headers=(("etag", f'"{usage.version}"'),))
