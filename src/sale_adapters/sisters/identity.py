"""Tokens of users: identity's signature, and claims that can be used (C8, contract §9)."""

import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import jwt
from jwt.utils import base64url_decode

from sale_adapters.sisters.keys import SigningKey, SigningKeys
from sale_adapters.wire import json
from sale_domain.documents import Json, JsonObject
from sale_domain.ids import MerchantId, UserId
from sale_domain.permissions import Principal
from sale_domain.port_errors import Unauthenticated
from sale_domain.ports.runtime import Clock

_LONGEST_TOKEN = 8_192
_MOST_PROVEN = 4_096
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""Three parts in base64url, without padding (RFC 7515): what decoders forgive beyond that is not taken."""

_TYPES = (None, "JWT", "jwt", "at+jwt")
_FORBIDDEN_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
"""A token that brings its own key, or asks for what Sale does not do."""


@attrs.frozen(kw_only=True)
class TokenRules:
    """What a token must say.

    Attributes:
        issuer: `iss`.
        audience: `aud`, or one of it.
        leeway_seconds: How far the clocks of identity and Sale may be apart.
    """

    issuer: str
    audience: str
    leeway_seconds: float = 10.0


@attrs.frozen(kw_only=True)
class _Proven:
    """What a token says whose signature was right, and by which of identity's keys."""

    kid: str
    key: SigningKey
    claims: JsonObject


class JwksTokenVerifier:
    """Keep the port `TokenVerifier` with identity's published keys.

    A till shows one token all day. That its signature is right is remembered for as long as identity's answer that
    brought the key; the claims are held against the clock each time.
    """

    def __init__(self, *, keys: SigningKeys, rules: TokenRules, clock: Clock) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._proven: dict[str, _Proven] = {}

    async def verify(self, token: str) -> Principal:
        """Return whom the token speaks for.

        Raises:
            Unauthenticated: it is not signed by identity, not for Sale, not valid now, or its claims cannot be used.
            SisterUnavailable: identity is down, and its keys were never had.
        """
        claims = await self._signed_claims(token)
        self._check_origin(claims)
        self._check_time(claims)
        return Principal(
            user_id=UserId(_text(claims, "userId")),
            roles=frozenset(_texts(claims, "roles")),
            merchants=frozenset(map(MerchantId, _texts(claims, "merchants"))),
            expires_at=_instant(_seconds(claims, "exp")),
        )

    async def _signed_claims(self, token: str) -> JsonObject:
        proven = self._proven.get(token)
        if proven is not None and await self._keys.find(proven.kid) is proven.key:
            return proven.claims
        proven = await self._prove(token)
        self._proven[token] = proven
        if len(self._proven) > _MOST_PROVEN:
            del self._proven[next(iter(self._proven))]
        return proven.claims

    async def _prove(self, token: str) -> _Proven:
        header = _header(token)
        kid, key = header.get("kid"), None
        if isinstance(kid, str):
            key = await self._keys.find(kid)
        if key is None or not isinstance(kid, str):
            raise Unauthenticated(reason="The token is not signed with a key of identity.")
        try:
            # The key's algorithm, whatever the header says.
            verified: Mapping[str, Any] = jwt.api_jws.decode_complete(token, key.key, algorithms=[key.algorithm])
        except jwt.PyJWTError:
            raise Unauthenticated(reason="The token's signature is wrong.") from None
        return _Proven(kid=kid, key=key, claims=_object(verified["payload"], "claims"))

    def _check_origin(self, claims: JsonObject) -> None:
        if claims.get("iss") != self._rules.issuer:
            raise Unauthenticated(reason="The token is from another issuer.")
        audience = claims.get("aud")
        if self._rules.audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthenticated(reason="The token is for another audience.")

    def _check_time(self, claims: JsonObject) -> None:
        now, leeway = self._clock.now().timestamp(), self._rules.leeway_seconds
        if _seconds(claims, "exp") <= now - leeway:
            raise Unauthenticated(reason="The token has expired.")
        if max(_seconds(claims, "nbf"), _seconds(claims, "iat")) > now + leeway:
            raise Unauthenticated(reason="The token is not valid yet.")


def _header(token: str) -> JsonObject:
    encoded = token.partition(".")[0]
    if len(token) > _LONGEST_TOKEN or not _SHAPE.fullmatch(token):
        raise Unauthenticated(reason="The token is none.")
    try:
        header = _object(base64url_decode(encoded), "header")
    except binascii.Error:
        raise Unauthenticated(reason="The token is none.") from None
    if header.get("typ") not in _TYPES or not _FORBIDDEN_HEADERS.isdisjoint(header):
        raise Unauthenticated(reason="The token is of a kind that Sale does not take.")
    return header


def _object(data: bytes, part: str) -> JsonObject:
    try:
        value = json.read(data)  # also refuses a name that is there twice
    except json.BadJson:
        value = None
    if not isinstance(value, dict):
        raise Unauthenticated(reason=f"The token's {part} cannot be read.")
    return value


def _text(claims: JsonObject, name: str) -> str:
    return _printable(claims.get(name), name)


def _texts(claims: JsonObject, name: str) -> list[str]:
    values = claims.get(name)
    if not isinstance(values, list):
        raise _unusable(name)
    return [_printable(value, name) for value in values]


def _printable(value: Json, name: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise _unusable(name)
    return value


def _seconds(claims: JsonObject, name: str) -> int | Decimal:
    value = claims.get(name, 0)  # of old: a token that does not say when it expires has
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _unusable(name)
    return value


def _instant(seconds: int | Decimal) -> datetime | None:
    """Return a claim's time; None for one that is beyond the calendar."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _unusable(name: str) -> Unauthenticated:
    return Unauthenticated(reason=f"The token's claim {name} cannot be used.")
