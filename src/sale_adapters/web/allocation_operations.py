"""The operations on allocation usages that HTTP offers (contract §9)."""

from sale_adapters.web import allocations
from sale_adapters.web.routing import Operation
from sale_adapters.wire.allocations import (
    AllocateBody,
    CancelUsageBody,
    MoveUsageBody,
    UsageBody,
    UsageListBody,
    UsageQuery,
    UsagesBody,
)
from sale_adapters.wire.bodies import EmptyBody
from sale_domain.allocation_errors import ReservationOver, TooManyUnits, UnitInUse, UnitNamedTwice
from sale_domain.errors import IllegalTransition, NotFound
from sale_domain.permissions import Permission

_USAGE = "usage"

ALLOCATION_OPERATIONS = (
    Operation(
        method="POST",
        path="/sale-orders/{orderId}/allocations",
        access=Permission.USAGE_CREATE,
        summary="Take units (tables, rooms) for an order, all or none; the order itself does not change.",
        handler=allocations.allocate,
        body=AllocateBody,
        answers={201: UsagesBody},
        changes="order",
        refuses=(NotFound, IllegalTransition, UnitInUse, UnitNamedTwice, ReservationOver, TooManyUnits),
        examples=({"unitIds": ["table-4", "table-5"], "zoneId": "garden"},),
    ),
    Operation(
        method="GET",
        path="/allocation-usages",
        access=Permission.USAGE_FIND,
        summary="List the merchant's usages, newest first; those that are ACTIVE unless a status is named.",
        handler=allocations.find,
        query=UsageQuery,
        answers={200: UsageListBody},
    ),
    Operation(
        method="POST",
        path="/allocation-usages/{usageId}/complete",
        access=Permission.USAGE_UPDATE,
        summary="End a usage well: the guests have left.",
        handler=allocations.complete,
        body=EmptyBody,
        answers={200: UsageBody},
        changes=_USAGE,
        refuses=(NotFound, IllegalTransition),
        examples=({},),
    ),
    Operation(
        method="POST",
        path="/allocation-usages/{usageId}/cancel",
        access=Permission.USAGE_UPDATE,
        summary="Give a usage up.",
        handler=allocations.cancel,
        body=CancelUsageBody,
        answers={200: UsageBody},
        changes=_USAGE,
        refuses=(NotFound, IllegalTransition),
        examples=({"reason": "the guests have not come"},),
    ),
    Operation(
        method="POST",
        path="/allocation-usages/{usageId}/move",
        access=Permission.USAGE_UPDATE,
        summary="Take another unit instead; the same one again changes nothing.",
        handler=allocations.move,
        body=MoveUsageBody,
        answers={200: UsageBody},
        changes=_USAGE,
        refuses=(NotFound, IllegalTransition, UnitInUse),
        examples=({"unitId": "table-6"},),
    ),
)
