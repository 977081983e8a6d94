"""Identity: keys, tokens and policies, with a door for testers to make any token they need."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import parse_qsl

import attrs
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sale_adapters.sandbox.answers import ExactJson, Refused, from_json, problem, read
from sale_adapters.sandbox.control import Clock

_MOST_KNOWN = 1_000

Effect = Literal["allow", "deny"]

_ORDERS_BUT_MONEY = ("create", "find", "findById", "update")
_TO_SEND = tuple(f"KitchenTicket.{action}" for action in ("create", "find", "findById"))

# Role by role, what a fresh demo allows. `*` covers every action, `Thing.*` every action on a thing.
DEFAULT_POLICIES: Mapping[str, tuple[str, ...]] = {
    "owner": ("*",),
    "cashier": (
        "SaleOrder.*",
        "Payment.find",
        *_TO_SEND,
        "KitchenStation.find",
        "AllocationUsage.*",
    ),
    # Which table a dish is for is a matter of the tables' usages.
    "cook": ("KitchenTicket.*", "KitchenTicketItem.*", "KitchenStation.find", "AllocationUsage.find"),
    "waiter": (
        *(f"SaleOrder.{action}" for action in _ORDERS_BUT_MONEY),
        *_TO_SEND,
        "KitchenStation.find",
        "KitchenTicketItem.serve",
        "AllocationUsage.*",
    ),
}

# Who a token of `POST /dev-token` is for, where the tester does not say.
DEV_CLAIMS: Mapping[str, object] = {
    "userId": "user-demo",
    "roles": ["owner"],
    "organizers": [],
    "merchants": ["merchant-1"],
}


@attrs.frozen(kw_only=True)
class IdentitySettings:
    """Who issues tokens, for whom, and the one service that may ask for its own."""

    issuer: str = "https://identity.sandbox"
    audience: str = "sale"
    client_id: str = "sale"
    client_secret: str = attrs.field(default="sandbox-secret", repr=False)
    token_seconds: int = 3_600


class DevPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of ``PUT /dev-policies``; the effect null takes an opinion back."""

    role: Annotated[str, msgspec.Meta(min_length=1)]
    action: Annotated[str, msgspec.Meta(min_length=1)]
    effect: Effect | None


class Policies:
    """Who may do what: per role a table of actions, where deny beats allow."""

    def __init__(self) -> None:
        self._effects: dict[str, dict[str, Effect]] = {}
        self.restore()

    def restore(self) -> None:
        """Go back to the policies of a fresh demo."""
        self._effects = {role: dict.fromkeys(actions, "allow") for role, actions in DEFAULT_POLICIES.items()}

    def replace(self, policies: list[DevPolicy]) -> None:
        """Replace all that the named roles had; other roles keep theirs. An empty list restores the defaults."""
        if not policies:
            self.restore()
        for role in {policy.role for policy in policies}:
            self._effects[role] = {p.action: p.effect for p in policies if p.role == role and p.effect is not None}

    def effect(self, role: str, action: str) -> Effect | None:
        """Return deny if any policy that covers ``action`` denies, else allow if any allows, else None."""
        table = self._effects.get(role, {})
        thing = action.partition(".")[0]
        effects = {table[covering] for covering in (action, f"{thing}.*", "*") if covering in table}
        if "deny" in effects:
            return "deny"
        return "allow" if effects else None


class Identity:
    """Sign and check tokens with one ES256 key."""

    def __init__(self, settings: IdentitySettings, clock: Clock, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        self.settings = settings
        self._clock = clock
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        public: dict[str, str] = dict(ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True))
        # Checking a signature takes as long as the rest of an answer, and benchmarks send one token many times.
        self._expiries: dict[str, float] = {}
        self._kid = _thumbprint(public)
        self.jwk = {**public, "kid": self._kid, "alg": "ES256", "use": "sig"}

    def signed(self, claims: Mapping[str, object], expires_in: int) -> str:
        """Return a token with ``claims`` over the registered ones; a claim that is None is left out."""
        now = int(self._clock().timestamp())
        registered = {
            "iss": self.settings.issuer,
            "aud": self.settings.audience,
            "iat": now,
            "exp": now + expires_in,
        }
        merged = {name: value for name, value in {**registered, **claims}.items() if value is not None}
        # A wrong type is what a tester may want to send, and PyJWT would refuse to sign it.
        return jwt.api_jws.encode(msgspec.json.encode(merged), self._key, "ES256", headers={"kid": self._kid})

    def accepts(self, header: str | None) -> bool:
        """Tell whether an Authorization header holds a token of ours that is still good."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        if token not in self._expiries:
            if len(self._expiries) >= _MOST_KNOWN:
                self._expiries.clear()
            self._expiries[token] = self._expiry(token)
        return self._expiries[token] > self._clock().timestamp()

    def _expiry(self, token: str) -> float:
        """Return when ``token`` expires, as a timestamp; 0 for one that was never good."""
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["ES256"],
                audience=self.settings.audience,
                issuer=self.settings.issuer,
                # The clock is ours, so that a test can turn it.
                options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iss", "aud"]},
            )
        except jwt.InvalidTokenError:
            return 0
        expires: object = claims["exp"]
        return expires if isinstance(expires, int) else 0


class RequiresBearer:
    """ASGI middleware that answers 401 unless a token of this identity comes along."""

    def __init__(self, app: ASGIApp, *, identity: Identity) -> None:
        self.app = app
        self.identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        header = Request(scope).headers.get("authorization")
        if self.identity.accepts(header):
            return await self.app(scope, receive, send)
        refusal = problem(401, "unauthenticated", "a Bearer token of the sandbox's identity is required")
        return await refusal(scope, receive, send)


def identity_routes(identity: Identity, policies: Policies) -> list[Route]:
    """Build keys, service tokens and policy lookups of contract §10, and the tester's doors of §11."""

    async def jw_certs(_: Request) -> Response:
        return ExactJson({"keys": [identity.jwk]})

    async def token(request: Request) -> Response:
        asked = _credentials(await request.body())
        expected = (identity.settings.client_id, identity.settings.client_secret)
        if (asked.get("client_id"), asked.get("client_secret")) != expected:
            return ExactJson({"error": "invalid_client", "detail": "unknown client_id or wrong client_secret"}, 401)
        if asked.get("grant_type", "client_credentials") != "client_credentials":
            return ExactJson({"error": "unsupported_grant_type", "detail": "only client_credentials"}, 400)
        seconds = identity.settings.token_seconds
        claims = {"sub": identity.settings.client_id, "clientId": identity.settings.client_id}
        signed = identity.signed(claims, seconds)
        return ExactJson({"access_token": signed, "token_type": "Bearer", "expires_in": seconds})

    async def dev_token(request: Request) -> Response:
        asked = await read(request, dict[str, object])
        seconds = asked.pop("expiresIn", 3_600)
        if not isinstance(seconds, int):
            raise Refused(422, "bad-body", "expiresIn must be whole seconds, negative for an expired token")
        claims = {**DEV_CLAIMS, "sub": asked.get("userId", DEV_CLAIMS["userId"]), **asked}
        return ExactJson({"access_token": identity.signed(claims, seconds), "expires_in": seconds})

    async def policy_definitions(request: Request) -> Response:
        role, action = request.query_params.get("role"), request.query_params.get("action")
        if not role or not action:
            raise Refused(400, "bad-query", "role and action are both required")
        return ExactJson({"role": role, "action": action, "effect": policies.effect(role, action)})

    async def dev_policies(request: Request) -> Response:
        policies.replace(await read(request, list[DevPolicy]))
        return Response(status_code=204)

    return [
        Route("/jw-certs", jw_certs),
        Route("/token", token, methods=["POST"]),
        Route("/policy-definitions", policy_definitions, middleware=[Middleware(RequiresBearer, identity=identity)]),
        Route("/dev-token", dev_token, methods=["POST"]),
        Route("/dev-policies", dev_policies, methods=["PUT"]),
    ]


def _credentials(body: bytes) -> Mapping[str, object]:
    try:
        parsed = from_json(body)
    except ValueError:
        return dict(parse_qsl(body.decode("utf-8", errors="replace")))
    if not isinstance(parsed, dict):
        raise Refused(422, "bad-body", "Expected an object or a form")
    return parsed


def _thumbprint(public: Mapping[str, str]) -> str:
    # RFC 7638: another key gets another kid, so a restarted sandbox makes its verifiers fetch the keys again.
    canonical = msgspec.json.encode({name: public[name] for name in ("crv", "kty", "x", "y")})
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
