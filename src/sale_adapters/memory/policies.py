"""Policies in memory."""

from sale_adapters.memory.scripted import Scripted
from sale_domain.permissions import Effect, Permission


class MemoryPolicies(Scripted):
    """The `Policies` port over a dictionary.

    Attributes:
        effects: What is said of a role and a permission; a permission of None stands for all of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.effects: dict[tuple[str, Permission | None], Effect] = {}

    def allow(self, role: str, *permissions: Permission) -> None:
        """Allow a role some permissions, or all when none is named."""
        self.effects |= {(role, permission): Effect.ALLOW for permission in permissions or (None,)}

    def deny(self, role: str, *permissions: Permission) -> None:
        """Deny a role some permissions, or all when none is named."""
        self.effects |= {(role, permission): Effect.DENY for permission in permissions or (None,)}

    async def effect(self, role: str, permission: Permission) -> Effect | None:
        """See `Policies`."""
        await self.answer()
        return self.effects.get((role, permission), self.effects.get((role, None)))
