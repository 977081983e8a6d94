"""Tokens in memory: a text is a principal."""

from datetime import datetime

from sale_adapters.memory.scripted import Scripted
from sale_domain.ids import MerchantId, UserId
from sale_domain.permissions import Principal
from sale_domain.port_errors import Unauthenticated


class MemoryTokens(Scripted):
    """The `TokenVerifier` port over a dictionary.

    Attributes:
        principals: Whom each token speaks for; take one out and it proves nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.principals: dict[str, Principal] = {}

    def issue(
        self,
        token: str,
        *,
        user_id: str,
        roles: tuple[str, ...],
        merchants: tuple[str, ...],
        expires_at: datetime | None = None,
    ) -> Principal:
        """Make a token speak for a user."""
        self.principals[token] = Principal(
            user_id=UserId(user_id),
            roles=frozenset(roles),
            merchants=frozenset(map(MerchantId, merchants)),
            expires_at=expires_at,
        )
        return self.principals[token]

    async def verify(self, token: str) -> Principal:
        """See `TokenVerifier`."""
        await self.answer()
        if token not in self.principals:
            raise Unauthenticated(reason="The token is not known.")
        return self.principals[token]
