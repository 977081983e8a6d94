"""Figures of the store for those who operate Sale: what waits, since when, and money that pays for nothing yet."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import attrs

from sale_domain.money import Currency
from sale_domain.order_lifecycle import ORDER_LIFECYCLE, OrderStatus

COUNTED_UP_TO = 100_000
"""A backlog is counted so far and no farther: looking at it must not cost what working it off does."""

OPEN_STATUSES = tuple(status for status in ORDER_LIFECYCLE.table if not ORDER_LIFECYCLE.is_terminal(status))
"""The statuses that an order is to leave some day."""


@attrs.frozen(kw_only=True)
class Backlog:
    """Things that wait.

    Attributes:
        count: How many, at most the figure that the reader was told to count up to.
        oldest: Since when the one waits that has waited longest; None when nothing waits.
    """

    count: int
    oldest: datetime | None


@attrs.frozen(kw_only=True)
class StoreFigures:
    """What a look at the whole store has found, all of it true at one moment.

    Attributes:
        unpublished: Outbox rows that the relay has yet to publish, since their event; without those that were set
            aside and those that wait behind one.
        set_aside: Outbox rows that were set aside.
        parked: Payments whose order is not there yet, since they came.
        unallocated: Per currency, money that was received and pays for nothing; only currencies that have some.
        active_usages: Usages that take a unit now, since they were started.
        open_orders: Orders per non-terminal status, since they were opened; every such status is there.
    """

    unpublished: Backlog
    set_aside: int
    parked: Backlog
    unallocated: Mapping[Currency, Decimal]
    active_usages: Backlog
    open_orders: Mapping[OrderStatus, Backlog]


class Figures(Protocol):
    """A look at the whole store, cheap enough to take every few seconds."""

    async def read(self) -> StoreFigures:
        """Look.

        Raises:
            StoreUnavailable: the store is away or too slow, or has not got its tables yet.
        """
