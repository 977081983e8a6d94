"""Sale's parts on a real PostgreSQL, with sister services in memory."""

from sale_adapters.memory import MemoryPolicies, MemoryTokens, demo_catalog, demo_pricing
from sale_adapters.postgres import (
    Database,
    PostgresAllocationUsages,
    PostgresAnswers,
    PostgresInbox,
    PostgresKitchenStations,
    PostgresKitchenTickets,
    PostgresOrders,
)
from sale_adapters.system import SystemClock, UlidIds
from sale_domain.use_cases.parts import Parts


def parts_on(database: Database) -> Parts:
    """Return the parts."""
    return Parts(
        orders=PostgresOrders(database),
        inbox=PostgresInbox(database),
        usages=PostgresAllocationUsages(database),
        answers=PostgresAnswers(database),
        tickets=PostgresKitchenTickets(database),
        stations=PostgresKitchenStations(database),
        catalog=demo_catalog(),
        pricing=demo_pricing(),
        tokens=MemoryTokens(),
        policies=MemoryPolicies(),
        clock=SystemClock(),
        ids=UlidIds(),
    )
