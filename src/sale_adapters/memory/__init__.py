"""Every port in memory: a public part of the product, for users' tests as well as ours."""

from sale_adapters.memory.allocations import MemoryAllocationUsages
from sale_adapters.memory.answers import MemoryAnswers
from sale_adapters.memory.books import MemoryBooks
from sale_adapters.memory.captured import CapturedEvents, CapturedRecord
from sale_adapters.memory.catalog import MemoryCatalog
from sale_adapters.memory.clock import ManualClock
from sale_adapters.memory.demo import demo_catalog, demo_pricing
from sale_adapters.memory.event_log import MemoryEventLog
from sale_adapters.memory.feed import MemoryFeed
from sale_adapters.memory.figures import MemoryFigures
from sale_adapters.memory.ids import SequentialIds
from sale_adapters.memory.inbox import MemoryInbox
from sale_adapters.memory.kitchen import MemoryKitchenStations, MemoryKitchenTickets
from sale_adapters.memory.leftovers import MemoryLeftovers
from sale_adapters.memory.log_reader import MemoryLogReader
from sale_adapters.memory.orders import MemoryOrders
from sale_adapters.memory.outbox_desk import MemoryOutboxDesk
from sale_adapters.memory.policies import MemoryPolicies
from sale_adapters.memory.pricing import MemoryPricing
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_adapters.memory.scripted import Scripted
from sale_adapters.memory.store import MemoryStore
from sale_adapters.memory.tokens import MemoryTokens

__all__ = [
    "CapturedEvents",
    "CapturedRecord",
    "ManualClock",
    "MemoryAllocationUsages",
    "MemoryAnswers",
    "MemoryBooks",
    "MemoryCatalog",
    "MemoryEventLog",
    "MemoryFeed",
    "MemoryFigures",
    "MemoryInbox",
    "MemoryKitchenStations",
    "MemoryKitchenTickets",
    "MemoryLeftovers",
    "MemoryLogReader",
    "MemoryOrders",
    "MemoryOutbox",
    "MemoryOutboxDesk",
    "MemoryPolicies",
    "MemoryPricing",
    "MemoryStore",
    "MemoryTokens",
    "Scripted",
    "SequentialIds",
    "demo_catalog",
    "demo_pricing",
]
