"""The tables, one module for each family of them; whoever imports METADATA from here has all of them."""

from sale_adapters.postgres.schema import allocations, answers, figures, history, inbox, kitchen, orders, publishing
from sale_adapters.postgres.schema.metadata import METADATA

__all__ = ["METADATA", "allocations", "answers", "figures", "history", "inbox", "kitchen", "orders", "publishing"]
