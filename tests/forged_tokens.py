"""Good tokens of identity's, and every way in which one can be forged, stolen from elsewhere, or broken."""

import base64
import hmac
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import ECAlgorithm

from sisters_world import KEY

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


def signed(
    claims: object = CLAIMS,
    *,
    key: ec.EllipticCurvePrivateKey = KEY,
    raw: bytes | None = None,
    algorithm: str = "ES256",
    **header: object,
) -> str:
    """Return a token; header fields that are None are left out."""
    headers = {"kid": "k1", **header}
    payload = msgspec.json.encode(claims) if raw is None else raw
    return jwt.api_jws.encode(payload, key, algorithm, headers={name: headers[name] for name in headers})


def handmade(header: dict[str, object] | bytes, claims: object = CLAIMS, signature: bytes = b"") -> str:
    head = header if isinstance(header, bytes) else msgspec.json.encode(header)
    return ".".join(base64url(part) for part in (head, msgspec.json.encode(claims), signature))


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def but(**claims: object) -> str:
    """Return a good token with other claims; ... leaves one out."""
    return signed({name: value for name, value in {**CLAIMS, **claims}.items() if value is not ...})


OTHER_CURVE = ec.generate_private_key(ec.SECP384R1())
ORDER_OF_P256 = bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
UNSIGNED = signed().rpartition(".")[0]


def sign_der() -> bytes:
    return KEY.sign(UNSIGNED.encode(), ec.ECDSA(hashes.SHA256()))


def sign_raw() -> bytes:
    r, s = decode_dss_signature(sign_der())
    return r.to_bytes(32) + s.to_bytes(32)


def resigned(signature: bytes) -> str:
    """Return a good token with another signature."""
    return f"{UNSIGNED}.{base64url(signature)}"


def on_another_curve() -> str:
    r, s = decode_dss_signature(OTHER_CURVE.sign(UNSIGNED.encode(), ec.ECDSA(hashes.SHA256())))
    return resigned(r.to_bytes(48) + s.to_bytes(48))


def signed_by_hand(header: dict[str, object], payload: str) -> str:
    """Return a token that a signing library would not make."""
    text = f"{base64url(msgspec.json.encode({'alg': 'ES256', 'kid': 'k1', **header}))}.{payload}"
    r, s = decode_dss_signature(KEY.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"


AS_IT_IS = msgspec.json.encode(CLAIMS).decode().replace(".", "")
"""Claims that are not encoded (RFC 7797)."""


def public_key_as_secret() -> str:
    """Return the oldest trick: HS256 with the public key as the shared secret."""
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    unsigned = handmade({"alg": "HS256", "typ": "JWT", "kid": "k1"}).rpartition(".")[0]
    return f"{unsigned}.{base64url(hmac.digest(pem, unsigned.encode(), 'sha256'))}"


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
    "RS256": handmade({"alg": "RS256", "kid": "k1"}, signature=b"x" * 256),
    "ES384 with the key of another curve": signed(key=OTHER_CURVE, algorithm="ES384", kid="k384"),
    "ES256 named, signed on another curve": on_another_curve(),
    "signature as DER": resigned(sign_der()),
    "signature of zeros": resigned(bytes(64)),
    "signature with r = n": resigned(ORDER_OF_P256 + sign_raw()[32:]),
    "signature with s = 0": resigned(sign_raw()[:32] + bytes(32)),
    "signature too short": resigned(sign_raw()[:63]),
    "signature too long": resigned(sign_raw() + b"\0"),
    "signature with letters that are none": signed() + "!",
    "signature with padding": signed() + "==",
    "five parts, as if encrypted": handmade({"alg": "ECDH-ES", "enc": "A256GCM", "kid": "k1"}) + ".x.x",
    "signed by a stranger": signed(key=STRANGER),
    "embedded jwk": signed(key=STRANGER, jwk=OWN_KEY),
    "good but with a jwk": signed(jwk=OWN_KEY),
    "jku": signed(jku="https://evil.example/keys"),
    "x5u": signed(x5u="https://evil.example/cert"),
    "x5c": signed(key=STRANGER, x5c=["MIIB"]),
    "crit": signed(crit=["exp"]),
    "b64": signed(b64=False),
    "b64 is true": signed_by_hand({"b64": True}, base64url(msgspec.json.encode(CLAIMS))),
    "b64 is critical": signed(b64=False, crit=["b64"]),
    "payload not encoded": signed_by_hand({"b64": False, "crit": ["b64"]}, AS_IT_IS),
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
    "exp twice": signed(raw=msgspec.json.encode(CLAIMS)[:-1] + b',"exp":9999999999}'),
    "claim twice": signed(raw=TWICE),
    "half a surrogate": signed(raw=msgspec.json.encode(CLAIMS).replace(b"lan", b"\\ud800")),
    "oversized": but(extra="x" * 9000),
}
