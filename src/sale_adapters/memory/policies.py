"""Policies in memory."""

import asyncio

from sale_domain.errors import SaleError
from sale_domain.permissions import Effect, Permission


class MemoryPolicies:
    """The `Policies` port over a dictionary.

    Attributes:
        effects: What is said of a role and a permission; a permission of None stands for all of them.
        fail_with: Set it to play an identity that is away with every cache; None makes it well again.
    """

    def __init__(self) -> None:
        self.effects: dict[tuple[str, Permission | None], Effect] = {}
        self.fail_with: SaleError | None = None

    def allow(self, role: str, *permissions: Permission) -> None:
        """Allow a role some permissions, or all when none is named."""
        self.effects |= {(role, permission): Effect.ALLOW for permission in permissions or (None,)}

    def deny(self, role: str, *permissions: Permission) -> None:
        """Deny a role some permissions, or all when none is named."""
        self.effects |= {(role, permission): Effect.DENY for permission in permissions or (None,)}

    async def effect(self, role: str, permission: Permission) -> Effect | None:
        """See `Policies`."""
        await asyncio.sleep(0)
        if self.fail_with is not None:
            raise self.fail_with
        return self.effects.get((role, permission), self.effects.get((role, None)))
