"""Sale's own token, which opens the other sisters' doors: asked for once, used until shortly before it expires."""

import time
from collections.abc import Callable
from urllib.parse import urlencode

import attrs

from sale_adapters.sisters.documents import usable
from sale_adapters.sisters.flights import Flights
from sale_adapters.sisters.transport import Transport

SISTER = "identity"


@attrs.frozen(kw_only=True)
class _Kept:
    token: str
    renew_at: float
    expires_at: float


class ServiceTokens:
    """Get service tokens from identity with client credentials (RFC 6749 §4.4); `token` fits `Transport`."""

    def __init__(
        self,
        *,
        transport: Transport,
        client_id: str,
        client_secret: str,
        path: str = "/token",
        early_seconds: float = 60.0,
        refusal_rest_seconds: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask the identity that ``transport`` calls, which itself sends no token.

        Args:
            transport: calls identity; not the transport that policies are asked through, which needs this token.
            client_id: who Sale is to identity.
            client_secret: proves it; never in an error.
            path: below the transport's base URL.
            early_seconds: how long before its end a token is renewed, behind the scenes; at most half of its life.
            refusal_rest_seconds: when a sister refuses a token that replaced a refused one, how long to leave it.
            monotonic: seconds that never go back.
        """
        self._transport = transport
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._path = path
        self._early_seconds = early_seconds
        self._refusal_rest_seconds = refusal_rest_seconds
        self._monotonic = monotonic
        self._kept: _Kept | None = None
        self._believes_refusals_from = float("-inf")
        self._flights: Flights[None, str] = Flights()

    async def token(self, refused: str | None = None) -> str:
        """Return a token; another one than that which a sister refused, unless its successor was refused as well.

        Raises:
            SisterUnavailable: identity gives none, also when it does not accept the credentials.
        """
        now = self._monotonic()
        if self._kept is not None and refused == self._kept.token and now >= self._believes_refusals_from:
            # Only now and then: a sister who refuses every token must not make a storm at identity.
            self._kept, self._believes_refusals_from = None, now + self._refusal_rest_seconds
        if self._kept is None or now >= self._kept.expires_at:
            return await self._flights.join(None, self._renewed)
        if now >= self._kept.renew_at:
            self._flights.start(None, self._renewed)
        return self._kept.token

    async def _renewed(self) -> str:
        asked_at = self._monotonic()
        form = urlencode({"grant_type": "client_credentials", **self._credentials}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        granted = usable(SISTER, await self._transport.call("POST", self._path, body=form, headers=headers))
        token, seconds = granted.text("access_token"), float(granted.amount("expires_in"))
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise granted.wrong("access_token", "must be a token")
        if seconds <= 0:
            raise granted.wrong("expires_in", "must be greater than 0")
        self._kept = _Kept(
            token=token,
            renew_at=asked_at + seconds - min(self._early_seconds, seconds / 2),
            expires_at=asked_at + seconds,
        )
        return token
