"""A sister whose answers follow a script: late, not at all, or one way after the other."""

import asyncio
from collections import deque

from sale_domain.errors import SaleError


class Scripted:
    """What the sisters in memory have in common.

    Attributes:
        latency_seconds: How long every answer takes.
        fail_with: Set it to play a sister that is away or refuses; None makes it well again.
    """

    def __init__(self) -> None:
        self.latency_seconds = 0.0
        self.fail_with: SaleError | None = None
        self._next: deque[SaleError | None] = deque()

    def then(self, *outcomes: SaleError | None) -> None:
        """Let the next answers be these errors, in turn; None is a good answer, and after them `fail_with` rules."""
        self._next.extend(outcomes)

    async def answer(self) -> None:
        """Take the time of an answer, and raise what the script says instead of one."""
        # A sister answers later: whoever else wants to run gets a turn, as in a real service.
        await asyncio.sleep(self.latency_seconds)
        outcome = self._next.popleft() if self._next else self.fail_with
        if outcome is not None:
            raise outcome
