"""Forged, stolen and broken tokens at the whole HTTP application, with the real verifier (C8, contract §9)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
import httpx
import pytest
from starlette.types import Message, Scope

from forged_tokens import ATTACKS, NOW, PUBLISHED, but, handmade, signed
from sale_adapters.sisters.identity import JwksTokenVerifier
from sale_adapters.sisters.keys import SigningKeys
from sale_adapters.web import create_app
from sale_app.composition import InMemorySale
from sale_domain.port_errors import SisterUnavailable
from sale_domain.sale import Sale
from sisters_world import RULES, ScriptedSister, gone

ORDER = {"saleChannelId": "channel-vnd"}
HOUR = 3600


@attrs.define(kw_only=True)
class Door:
    """The application behind identity's keys, on a clock that only the test moves."""

    shop: InMemorySale
    identity: ScriptedSister = attrs.field(init=False)
    app: Any = attrs.field(init=False)
    client: httpx.AsyncClient = attrs.field(init=False)
    is_down: bool = False

    def __attrs_post_init__(self) -> None:
        self.identity = ScriptedSister(name="identity", answer=self._keys)
        keys = SigningKeys(transport=self.identity.transport(), monotonic=self.identity.monotonic)
        verifier = JwksTokenVerifier(keys=keys, rules=RULES, clock=self)
        self.app = create_app(Sale(attrs.evolve(self.shop.sale.parts, tokens=verifier)), readiness=_ready)
        transport: Any = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://sale/v1/api/sale")

    def _keys(self, request: httpx.Request) -> httpx.Response:
        return gone(request) if self.is_down else httpx.Response(200, json={"keys": [PUBLISHED]})

    def now(self) -> datetime:
        return datetime.fromtimestamp(NOW + self.identity.now - 1000, UTC)

    async def open(self, token: str, *, merchant: str | None = "merchant-1") -> httpx.Response:
        """Open an order."""
        headers = [(b"authorization", b"Bearer " + token.encode("utf-8", "surrogateescape"))]
        if merchant is not None:
            headers.append((b"x-merchant-id", merchant.encode()))
        return await self.client.post("/sale-orders", json=ORDER, headers=headers)

    async def knock(self, kid: str) -> int:
        """Ask with a key that nobody has, without a client's own cost; return the status."""
        status = 0

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        token = handmade({"alg": "ES256", "kid": kid}, signature=b"x")
        headers = [(b"authorization", f"Bearer {token}".encode()), (b"x-merchant-id", b"merchant-1")]
        path = "/v1/api/sale/sale-orders"
        scope: Scope = {"type": "http", "http_version": "1.0", "method": "GET", "path": path, "headers": headers}
        scope["raw_path"] = path.encode()
        await self.app({**scope, "query_string": b"", "root_path": "", "scheme": "http"}, receive, send)
        return status


async def _ready() -> Mapping[str, str | None]:
    return {}


@pytest.fixture
async def door(shop: InMemorySale) -> AsyncIterator[Door]:
    door = Door(shop=shop)
    async with door.client:
        yield door


@pytest.mark.parametrize("token", ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_forged_token_is_a_401_that_writes_nothing(door: Door, token: str) -> None:
    answer = await door.open(token)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert (answer.json()["code"], answer.headers["www-authenticate"]) == ("unauthenticated", 'Bearer realm="sale"')
    assert door.shop.store.orders == {}
    assert door.shop.store.answers == {}
    assert len(token) < 20 or token not in answer.text
    assert (await door.open(signed())).status_code == 201, "and a good one passes at the same door"


@pytest.mark.parametrize("is_down", [False, True], ids=["identity is up", "identity is down"])
async def test_ten_thousand_random_kids_at_the_door_are_one_fetch_per_cool_down(door: Door, *, is_down: bool) -> None:
    assert (await door.open(signed())).status_code == 201
    door.is_down = is_down
    door.identity.now += 10
    statuses = set()
    for n in range(0, 10_000, 100):
        statuses |= set(await asyncio.gather(*(door.knock(f"random-{n + k}") for k in range(100))))
    assert statuses == {401}
    assert len(door.identity.seen) == 2
    assert (await door.open(signed())).status_code == 201


async def test_known_keys_open_the_door_during_an_hour_without_identity(door: Door) -> None:
    token = but(exp=NOW + 2 * HOUR)
    assert (await door.open(token)).status_code == 201
    door.is_down = True
    for _ in range(60):
        door.identity.now += 60
        assert (await door.open(token)).status_code == 201
        assert (await door.open(signed(kid="k2"))).status_code == 401
    assert (await door.open(but(exp=NOW + HOUR - 11))).status_code == 401, "and time goes on"


async def test_with_keys_that_were_never_had_the_door_stays_closed(door: Door) -> None:
    door.is_down = True
    answer = await door.open(signed())
    assert (answer.status_code, answer.json()["code"], "retry-after" in answer.headers) == (
        503,
        "sister-unavailable",
        True,
    )


@pytest.mark.parametrize(
    ("merchant", "status", "code"),
    [(None, 400, "invalid"), ("", 400, "invalid"), ("merchant-9", 403, "forbidden"), ("merchant-1", 201, None)],
)
@pytest.mark.parametrize("role", ["cashier", "super-admin", "admin", "operator"])
async def test_the_merchant_is_one_of_the_tokens_whoever_calls(
    door: Door, role: str, merchant: str | None, status: int, code: str | None
) -> None:
    answer = await door.open(but(roles=[role]), merchant=merchant)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


@pytest.mark.parametrize("role", ["super-admin", "admin", "operator"])
async def test_three_roles_need_no_policy_and_nothing_else_is_forgiven_them(door: Door, role: str) -> None:
    door.shop.policies.fail_with = SisterUnavailable(sister="identity", reason="it is away")
    assert (await door.open(but(roles=[role]))).status_code == 201
    assert (await door.open(but(roles=["cashier"]))).status_code == 503, "nobody knows: closed"
    assert (await door.open(but(roles=[role], exp=NOW - 60))).status_code == 401
    assert (await door.open(but(roles=[role], merchants=[]))).status_code == 403
    assert (await door.open(but(roles=[role.upper()]))).status_code == 503, "no other spelling of it"


async def test_deny_wins_over_allow_and_no_opinion_is_no(door: Door) -> None:
    door.shop.policies.effects.clear()
    assert (await door.open(but(roles=["waiter"]))).status_code == 403
    assert (await door.open(but(roles=[]))).status_code == 403
    door.shop.policies.allow("waiter")
    door.shop.policies.deny("trainee")
    assert (await door.open(but(roles=["waiter"]))).status_code == 201
    assert (await door.open(but(roles=["waiter", "trainee"]))).status_code == 403
