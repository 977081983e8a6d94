"""What nobody asks for any more, dropped little by little so that tables stay small."""

from datetime import datetime
from enum import Enum
from typing import Protocol


class Leftover(Enum):
    """What can be dropped once it is old; the value is for people."""

    ANSWERS = "kept answers"
    """Answers to repeated requests (Idempotency-Key), by when they were given."""
    PUBLISHED = "published events"
    """Outbox rows, by when they were published; never one that is unpublished, and of an order the first ones first."""
    WEBHOOKS = "webhook bodies"
    """The raw log, by when a body came; never one whose payment still waits for its order."""


class Leftovers(Protocol):
    """What is old at rest. Every method may raise `StoreUnavailable`."""

    async def drop(self, kind: Leftover, *, bucket: int, before: datetime, most: int) -> int:
        """Drop what is older than a time from one bucket, oldest first, at most so many; return how many it was."""
