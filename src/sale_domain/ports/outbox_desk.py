"""What an operator may see and do of the outbox while relays work on it."""

from datetime import datetime
from enum import Enum
from typing import ClassVar, Protocol

import attrs

from sale_domain.errors import Conflict
from sale_domain.ids import EventId, OrderId
from sale_domain.ports.publishing import OutboxRow, PublishedAt


class Standing(Enum):
    """How far an event has got."""

    WAITING = "waiting"
    SET_ASIDE = "set aside"
    HELD_BACK = "held back"
    """An earlier event of its order is set aside."""
    RELEASED = "released"
    PUBLISHED = "published"


@attrs.frozen(kw_only=True)
class DeskEntry:
    """An event as an operator sees it.

    Attributes:
        reason: Why it was set aside, or why it was given up.
        at: Where it is in the log; published events only.
        holds_back: How many later events of its order wait for it; events that are set aside only.
    """

    event_id: EventId
    order_id: OrderId
    seq: int
    topic: str
    occurred_at: datetime
    standing: Standing
    reason: str | None = None
    at: PublishedAt | None = None
    holds_back: int = 0


@attrs.define(kw_only=True, eq=False)
class NotSetAside(Conflict):
    """Only an event that is set aside is in nobody's hands: any other one a relay may be sending at this moment."""

    code: ClassVar[str] = "not-set-aside"
    event_id: EventId
    standing: Standing

    def __str__(self) -> str:
        return f"Event {self.event_id} is not set aside: it is {self.standing.value}."


class OutboxDesk(Protocol):
    """The operator's side of the outbox. Every method may raise `StoreUnavailable`.

    It needs no fence. A relay sets a row aside only when every older producer is shut out and the log was read to its
    end, and no relay sends a row that is set aside: until it is retried, nothing of it can be under way. Both actions
    ask for that state in the same statement that changes it.
    """

    async def unpublished(self, *, set_aside_only: bool, limit: int) -> tuple[DeskEntry, ...]:
        """Return the events that are still to be sent, oldest first; those given up are not."""

    async def events_of(self, order_id: OrderId) -> tuple[DeskEntry, ...]:
        """Return all of an order's events that are still kept, however far each has got, by number."""

    async def find(self, event_id: EventId) -> tuple[DeskEntry, OutboxRow]:
        """Return an event, and what is sent of it.

        Raises:
            NotFound: there is no such event.
        """

    async def retry(self, event_id: EventId) -> None:
        """Let the relay try an event again that is set aside.

        Raises:
            NotFound: there is no such event.
            NotSetAside: it is something else.
        """

    async def release(self, event_id: EventId, *, reason: str) -> None:
        """Give an event up for good that is set aside, and let the later ones of its order go on; the row stays.

        Raises:
            NotFound: there is no such event.
            NotSetAside: it is something else.
        """
