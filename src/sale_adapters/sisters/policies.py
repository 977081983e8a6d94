"""Identity's policies over HTTP (C9)."""

from sale_adapters.sisters.documents import usable
from sale_adapters.sisters.flights import Flights
from sale_adapters.sisters.transport import Transport
from sale_domain.permissions import Effect, Permission

SISTER = "identity"

_NOT_FOUND = 404


class HttpPolicies:
    """Keep the port `Policies` by asking identity each time; equal questions at the same time are one."""

    def __init__(self, *, transport: Transport, path: str = "/policy-definitions") -> None:
        """Ask the identity that ``transport`` calls, with a service token; ``path`` is below its base URL."""
        self._transport = transport
        self._path = path
        self._flights: Flights[tuple[str, Permission], Effect | None] = Flights()

    async def effect(self, role: str, permission: Permission) -> Effect | None:
        """Return what the role's policy says; None, as a 404, is no opinion.

        Raises:
            SisterUnavailable: identity does not answer, refuses to, or answers nonsense.
        """
        return await self._flights.join((role, permission), lambda: self._asked(role, permission))

    async def _asked(self, role: str, permission: Permission) -> Effect | None:
        question = {"role": role, "action": permission.value}
        answer = await self._transport.call("GET", self._path, params=question)
        if answer.status == _NOT_FOUND:
            return None
        policy = usable(SISTER, answer)
        said = policy.fields.get("effect", ...)
        if said is None:
            return None
        try:
            return Effect(said)
        except ValueError:
            raise policy.wrong("effect", "must be allow, deny or null") from None
