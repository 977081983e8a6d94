"""PostgreSQL: everything that Sale must not forget."""

from sale_adapters.postgres.allocations import PostgresAllocationUsages
from sale_adapters.postgres.answers import PostgresAnswers
from sale_adapters.postgres.books import PostgresBooks
from sale_adapters.postgres.connection import Database, Patience
from sale_adapters.postgres.feed import PostgresFeed
from sale_adapters.postgres.figures import PostgresFigures
from sale_adapters.postgres.inbox import PostgresInbox
from sale_adapters.postgres.kitchen import PostgresKitchenStations, PostgresKitchenTickets
from sale_adapters.postgres.leftovers import PostgresLeftovers
from sale_adapters.postgres.orders import PostgresOrders

__all__ = [
    "Database",
    "Patience",
    "PostgresAllocationUsages",
    "PostgresAnswers",
    "PostgresBooks",
    "PostgresFeed",
    "PostgresFigures",
    "PostgresInbox",
    "PostgresKitchenStations",
    "PostgresKitchenTickets",
    "PostgresLeftovers",
    "PostgresOrders",
]
