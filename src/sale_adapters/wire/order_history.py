"""What happened to an order, as callers see it (contract §9)."""

from datetime import datetime

import attrs

from sale_domain.documents import JsonObject
from sale_domain.ports.orders import History, NumberedEntry


@attrs.frozen(kw_only=True)
class HistoryRowBody:
    """One change of the order.

    Attributes:
        n: The merchant's feed number: `seq` of the stream.
        by: The user, `mq-pay`, or who of Sale did it by itself.
        action: `ORDER_CREATED`, `ORDER_CHECKED_OUT`, …; expect more of them.
        from_: The status before; null when it was created.
        to: The status after.
        version: The order's after the change.
        reason: As the request gave it.
        transition: The payment transition's number, where it was one.
        data: What else there is to say; depends on the action.
    """

    n: int
    at: datetime
    by: str
    action: str
    from_: str | None
    to: str
    version: int
    reason: str | None
    transition: int | None
    data: JsonObject | None


@attrs.frozen(kw_only=True)
class HistoryBody:
    """What happened to an order, oldest first."""

    items: tuple[HistoryRowBody, ...]


def history_body(history: History) -> HistoryBody:
    """Return an order's history as callers see it."""
    return HistoryBody(items=tuple(_history_row(numbered) for numbered in history.entries))


def _history_row(numbered: NumberedEntry) -> HistoryRowBody:
    entry = numbered.entry
    return HistoryRowBody(
        n=numbered.n,
        at=entry.at,
        by=entry.by,
        action=entry.action.value,
        from_=entry.from_status,
        to=entry.status,
        version=entry.version,
        reason=entry.reason,
        transition=entry.transition,
        data=entry.data,
    )
