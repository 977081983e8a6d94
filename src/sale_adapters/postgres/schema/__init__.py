"""The tables, one module for each family of them; whoever imports METADATA from here has all of them."""

from sale_adapters.postgres.schema import answers, figures, history, inbox, kitchen, orders, publishing
from sale_adapters.postgres.schema.metadata import METADATA

__all__ = ["METADATA", "answers", "figures", "history", "inbox", "kitchen", "orders", "publishing"]
