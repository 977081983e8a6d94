"""What every part that works for one request knows about it: its names, its W3C trace context, and who follows it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from enum import Enum
from typing import Protocol

import attrs

REQUEST_ID: ContextVar[str | None] = ContextVar("REQUEST_ID", default=None)
"""The present request's id, as taken from or given to its caller (contract §9)."""

TRACEPARENT: ContextVar[str | None] = ContextVar("TRACEPARENT", default=None)
"""The W3C trace context of the request, or of the step of it that is under way."""


@attrs.define(kw_only=True)
class Subject:
    """Whom and what a request is about, as far as it is known by now; for the log alone.

    Attributes:
        ids: Those of things, by what log lines call them.
    """

    user_id: str | None = None
    merchant_id: str | None = None
    ids: dict[str, str] = attrs.field(factory=dict)

    def names(self) -> dict[str, str | None]:
        """Return what log lines call them, and what they are."""
        return {"user_id": self.user_id, "merchant_id": self.merchant_id, **self.ids}


SUBJECT: ContextVar[Subject | None] = ContextVar("SUBJECT", default=None)
"""What the present request is about; tasks that it starts share it."""


class Kind(Enum):
    """How a step stands to what is outside; OpenTelemetry's words."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"


class Tracer(Protocol):
    """Whoever follows requests step by step."""

    def step(self, name: str, kind: Kind, facts: Mapping[str, str | int]) -> AbstractContextManager[None]:
        """Follow a step; for as long as it lasts, `TRACEPARENT` is its own. An error that leaves it marks it."""

    def told(self, name: str | None, facts: Mapping[str, str | int], *, failed: bool) -> None:
        """Add to the present step what is known of it by now: a better name, more facts, and that it failed."""


TRACER: ContextVar[Tracer | None] = ContextVar("TRACER", default=None)
"""Who follows the present request; nobody, unless whoever took it in said so."""

_NOBODY = nullcontext()
_NO_FACTS: Mapping[str, str | int] = {}


def step(
    name: str, *, kind: Kind = Kind.INTERNAL, facts: Mapping[str, str | int] = _NO_FACTS
) -> AbstractContextManager[None]:
    """Have a step of the present request followed; costs a look at a variable when nobody does."""
    tracer = TRACER.get()
    return _NOBODY if tracer is None else tracer.step(name, kind, facts)


def trace_id() -> str | None:
    """Return the present trace's id, for the log."""
    traceparent = TRACEPARENT.get()
    return None if traceparent is None else traceparent.split("-")[1]


def passed_on() -> Mapping[str, str]:
    """Return the headers that tell a sister which request she works for (C8)."""
    told = {"x-request-id": REQUEST_ID.get(), "traceparent": TRACEPARENT.get()}
    return {name: value for name, value in told.items() if value}
