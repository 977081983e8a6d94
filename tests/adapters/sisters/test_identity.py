"""What a token must be to prove anything (C8, contract §9)."""

import base64
import hmac
from datetime import UTC, datetime
from typing import Any

import attrs
import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from sale_adapters.sisters.identity import JwksTokenVerifier
from sale_adapters.sisters.keys import SigningKeys
from sale_domain.errors import Unauthenticated
from sale_domain.ids import MerchantId, UserId
from sale_domain.permissions import Principal
from sisters_world import KEY, RULES, ScriptedSister, sisters_world

NOW = 1_800_000_000
STRANGER = ec.generate_private_key(ec.SECP256R1())
PUBLISHED = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k1", "alg": "ES256"}
CLAIMS: dict[str, Any] = {
    "iss": "https://identity.sandbox",
    "aud": "sale",
    "exp": NOW + 60,
    "iat": NOW,
    "userId": "lan",
    "roles": ["cashier"],
    "merchants": ["merchant-1", "merchant-2"],
    "organizers": [],
}
LAN = Principal(
    user_id=UserId("lan"),
    roles=frozenset({"cashier"}),
    merchants=frozenset({MerchantId("merchant-1"), MerchantId("merchant-2")}),
)


class Now:
    """Stands still."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(NOW, UTC)


def verifier() -> JwksTokenVerifier:
    sister = ScriptedSister(name="identity", answer=lambda _: httpx.Response(200, json={"keys": [PUBLISHED]}))
    keys = SigningKeys(transport=sister.transport(), monotonic=sister.monotonic)
    return JwksTokenVerifier(keys=keys, rules=RULES, clock=Now())


def signed(
    claims: object = CLAIMS, *, key: ec.EllipticCurvePrivateKey = KEY, raw: bytes | None = None, **header: object
) -> str:
    """Return a token; header fields that are None are left out."""
    headers = {"kid": "k1", **header}
    payload = msgspec.json.encode(claims) if raw is None else raw
    return jwt.api_jws.encode(payload, key, "ES256", headers={name: headers[name] for name in headers})


def handmade(header: dict[str, object] | bytes, claims: object = CLAIMS, signature: bytes = b"") -> str:
    head = header if isinstance(header, bytes) else msgspec.json.encode(header)
    return ".".join(_base64(part) for part in (head, msgspec.json.encode(claims), signature))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def but(**claims: object) -> str:
    """Return a good token with other claims; ... leaves one out."""
    return signed({name: value for name, value in {**CLAIMS, **claims}.items() if value is not ...})


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(typ="at+jwt"),
        but(aud=["others", "sale"]),
        but(exp=NOW - 9),
        but(exp=NOW + 0.5),
        but(nbf=NOW + 9),
        but(iat=...),
        but(organizers="whatever", extra={"x": 1}),
    ],
)
async def test_a_good_token_speaks_for_its_user(token: str) -> None:
    assert attrs.evolve(await verifier().verify(token), expires_at=None) == LAN


@pytest.mark.parametrize(
    ("exp", "expires_at"),
    [
        (NOW + 60, datetime.fromtimestamp(NOW + 60, UTC)),
        (NOW + 0.5, datetime.fromtimestamp(NOW + 0.5, UTC)),
        (10**15, None),
        (10**400, None),
    ],
    ids=["soon", "in half a second", "beyond the calendar", "beyond any float"],
)
async def test_the_principal_says_when_its_token_ends(exp: float, expires_at: datetime | None) -> None:
    assert (await verifier().verify(but(exp=exp))).expires_at == expires_at


async def test_a_user_may_have_no_role_and_no_merchant() -> None:
    principal = await verifier().verify(but(roles=[], merchants=[]))
    assert (principal.roles, principal.merchants) == (frozenset(), frozenset())


def public_key_as_secret() -> str:
    """Return the oldest trick: HS256 with the public key as the shared secret."""
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    unsigned = handmade({"alg": "HS256", "typ": "JWT", "kid": "k1"}).rpartition(".")[0]
    return f"{unsigned}.{_base64(hmac.digest(pem, unsigned.encode(), 'sha256'))}"


OWN_KEY = {**ECAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True), "kid": "k1"}
TWICE = msgspec.json.encode(CLAIMS)[:-1] + b',"userId":"boss"}'
ATTACKS = {
    "empty": "",
    "no dots": "abc",
    "two parts": signed().rpartition(".")[0],
    "four parts": signed() + ".x",
    "not base64": "§.§.§",
    "one letter": "a.b.c",
    "not ascii": signed() + "é",
    "half a surrogate pair": "\udc80.e30.AAAA",
    "header is a list": handmade(b"[]"),
    "header is deep": handmade(b"[" * 5000),
    "header twice alg": handmade(b'{"alg":"none","alg":"ES256","kid":"k1"}'),
    "no signature": handmade({"alg": "ES256", "kid": "k1"}),
    "alg none": handmade({"alg": "none", "kid": "k1"}),
    "alg None": handmade({"alg": "nOnE", "kid": "k1"}),
    "alg missing": handmade({"kid": "k1"}),
    "alg is a list": handmade({"alg": ["ES256"], "kid": "k1"}),
    "HS256 with the public key": public_key_as_secret(),
    "signed by a stranger": signed(key=STRANGER),
    "embedded jwk": signed(key=STRANGER, jwk=OWN_KEY),
    "good but with a jwk": signed(jwk=OWN_KEY),
    "jku": signed(jku="https://evil.example/keys"),
    "x5u": signed(x5u="https://evil.example/cert"),
    "crit": signed(crit=["exp"]),
    "b64": signed(b64=False),
    "typ": signed(typ="logout+jwt"),
    "typ is a list": signed(typ=["JWT"]),
    "kid of nobody": signed(kid="k2"),
    "kid with a path": signed(kid="../../k1"),
    "kid missing": handmade({"alg": "ES256"}),
    "kid is a number": handmade({"alg": "ES256", "kid": 1}),
    "kid is an object": handmade({"alg": "ES256", "kid": {}}),
    "other issuer": but(iss="https://evil.example"),
    "no issuer": but(iss=...),
    "issuers": but(iss=["https://identity.sandbox"]),
    "other audience": but(aud="finance"),
    "no audience": but(aud=...),
    "no audience in it": but(aud=[]),
    "audience is an object": but(aud={"sale": 1}),
    "expired": but(exp=NOW - 10),
    "expires never": but(exp=...),
    "expires null": but(exp=None),
    "expires soon": but(exp="2030"),
    "expires true": but(exp=True),
    "expires NaN": signed(raw=msgspec.json.encode(CLAIMS).replace(str(NOW + 60).encode(), b"NaN")),
    "not yet valid": but(nbf=NOW + 11),
    "nbf is true": but(nbf=True),
    "nbf is null": but(nbf=None),
    "nbf is text": but(nbf="now"),
    "issued in the future": but(iat=NOW + 11),
    "no user": but(userId=...),
    "empty user": but(userId=""),
    "user is a number": but(userId=7),
    "user with a NUL": but(userId="lan\0"),
    "no roles": but(roles=...),
    "roles is text": but(roles="admin"),
    "role is a number": but(roles=["cashier", 1]),
    "role is empty": but(roles=[""]),
    "no merchants": but(merchants=...),
    "merchants is an object": but(merchants={"merchant-1": True}),
    "merchant is null": but(merchants=[None]),
    "claims is a list": signed(["lan"]),
    "claims is no JSON": signed(raw=b"lan"),
    "claim twice": signed(raw=TWICE),
    "half a surrogate": signed(raw=msgspec.json.encode(CLAIMS).replace(b"lan", b"\\ud800")),
    "oversized": but(extra="x" * 9000),
}


@pytest.mark.parametrize("token", ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_token_that_is_not_good_proves_nothing(token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier().verify(token)


async def test_any_change_of_any_letter_proves_nothing() -> None:
    verify, token = verifier().verify, signed()
    # The last letter has bits that say nothing.
    for place in range(len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(Unauthenticated):
            await verify(changed)


@given(st.text() | st.binary().map(lambda data: f"{_base64(data)}.e30.AAAA"))
async def test_no_text_at_all_is_an_accident(token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier().verify(token)


async def test_the_reason_never_shows_the_token() -> None:
    token = but(userId=7)
    with pytest.raises(Unauthenticated) as refused:
        await verifier().verify(token)
    assert str(refused.value) == "The token's claim userId cannot be used."


async def test_tokens_of_the_sandbox_hold_until_they_expire() -> None:
    async with sisters_world() as world:
        token = await world.issue(userId="lan", roles=["cashier"], merchants=["merchant-1"], expiresIn=60)
        assert (await world.verifier.verify(token)).user_id == "lan"
        await world.box.wait(69)
        assert (await world.verifier.verify(token)).user_id == "lan"
        await world.box.wait(1)
        with pytest.raises(Unauthenticated, match="expired"):
            await world.verifier.verify(token)
        with pytest.raises(Unauthenticated, match="claim userId"):
            await world.verifier.verify(await world.tokens.token())
