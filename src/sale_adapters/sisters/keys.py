"""Identity's public keys (JWKS): fetched rarely, shared by all, and still known while identity is away (C8)."""

import time
from collections.abc import Callable, Mapping

import attrs
import jwt

from sale_adapters.sisters.documents import Document, unusable, usable
from sale_adapters.sisters.flights import Flights
from sale_adapters.sisters.transport import Transport
from sale_domain.port_errors import SisterUnavailable

SISTER = "identity"

_MOST_KEYS = 100


@attrs.frozen(kw_only=True)
class SigningKey:
    """A public key and the one algorithm that it verifies."""

    algorithm: str
    key: jwt.PyJWK = attrs.field(repr=False)


class SigningKeys:
    """Know the keys by their kid.

    Whatever callers ask for, identity is asked at most once per ``cool_down_seconds``, successful or not. A known
    key does not wait for it: the keys are fetched again before they are too old, and while identity is down they go
    on serving. Keys that identity has withdrawn are gone with the next fetch.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        algorithms: tuple[str, ...] = ("ES256",),
        path: str = "/jw-certs",
        renew_seconds: float = 240.0,
        fresh_seconds: float = 300.0,
        cool_down_seconds: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Fetch from the identity that ``transport`` calls.

        Args:
            transport: calls identity, without a token.
            algorithms: keys for others are not known; public-key algorithms only.
            path: below the transport's base URL.
            renew_seconds: how old the keys may be before they are fetched again behind the scenes.
            fresh_seconds: how old they may be before that is waited for, unless identity did not answer just before.
            cool_down_seconds: the pause after a fetch, also after a failed one.
            monotonic: seconds that never go back.
        """
        assert not any(algorithm.startswith(("HS", "none")) for algorithm in algorithms), "a public key is no secret"
        self._transport = transport
        self._algorithms = algorithms
        self._path = path
        self._renew_seconds = renew_seconds
        self._fresh_seconds = fresh_seconds
        self._cool_down_seconds = cool_down_seconds
        self._monotonic = monotonic
        self._keys: Mapping[str, SigningKey] = {}
        self._failure: SisterUnavailable | None = None
        self._renew_at = self._fresh_until = self._rests_until = float("-inf")
        self._flights: Flights[None, None] = Flights()

    async def find(self, kid: str) -> SigningKey | None:
        """Return a key; None when identity, as far as is known, has no such key.

        Raises:
            SisterUnavailable: there was never an answer from identity.
        """
        now, is_known = self._monotonic(), kid in self._keys
        if now >= self._rests_until and not (is_known and now < self._renew_at):
            if is_known and (now < self._fresh_until or self._failure is not None):
                self._flights.start(None, self._fetch)
            else:
                await self._flights.join(None, self._fetch)
        if not self._keys and self._failure is not None:
            gone = self._failure
            raise SisterUnavailable(sister=gone.sister, reason=gone.reason, words=gone.words)
        return self._keys.get(kid)

    async def _fetch(self) -> None:
        asked_at = self._monotonic()
        try:
            # With keys at hand the next try is the cool-down's; without any, nobody can be let in.
            answer = await self._transport.call("GET", self._path, once=bool(self._keys))
            self._keys = usable_keys(usable(SISTER, answer), self._algorithms)
        except SisterUnavailable as gone:
            self._failure = gone
        else:
            self._failure = None
            self._renew_at = asked_at + self._renew_seconds
            self._fresh_until = asked_at + self._fresh_seconds
        finally:
            self._rests_until = self._monotonic() + self._cool_down_seconds


def usable_keys(answer: Document, algorithms: tuple[str, ...]) -> Mapping[str, SigningKey]:
    """Return the keys that can be used; others (for encryption, say) are passed over.

    Raises:
        SisterUnavailable: there is none.
    """
    found = {}
    for entry in answer.objects("keys")[:_MOST_KEYS]:
        kid, key = entry.fields.get("kid"), _key(entry, algorithms)
        if isinstance(kid, str) and key is not None:
            found[kid] = key
    if not found:
        raise unusable(SISTER, "it has no key that can be used")
    return found


def _key(entry: Document, algorithms: tuple[str, ...]) -> SigningKey | None:
    if entry.fields.get("use") not in (None, "sig") or "d" in entry.fields:
        return None
    for algorithm in algorithms:
        if entry.fields.get("alg") in (None, algorithm):
            try:
                key = jwt.PyJWK(dict(entry.fields), algorithm)
                key.Algorithm.prepare_key(key.key)  # a curve that is not the algorithm's is found out here
            except jwt.PyJWTError:
                continue
            return SigningKey(algorithm=algorithm, key=key)
    return None
