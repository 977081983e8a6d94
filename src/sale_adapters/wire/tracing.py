"""What every part that works for one request passes on about it: its id and its W3C trace context."""

from collections.abc import Mapping
from contextvars import ContextVar

REQUEST_ID: ContextVar[str | None] = ContextVar("REQUEST_ID", default=None)
"""The present request's id, as taken from or given to its caller (contract §9)."""

TRACEPARENT: ContextVar[str | None] = ContextVar("TRACEPARENT", default=None)
"""The present request's W3C trace context."""


def passed_on() -> Mapping[str, str]:
    """Return the headers that tell a sister which request she works for (C8)."""
    told = {"x-request-id": REQUEST_ID.get(), "traceparent": TRACEPARENT.get()}
    return {name: value for name, value in told.items() if value}
