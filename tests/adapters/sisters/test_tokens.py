"""Sale's own token: asked for once, renewed in time, replaced when a sister refuses it."""

import asyncio
from urllib.parse import parse_qs

import attrs
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sale_adapters.sisters.tokens import ServiceTokens
from sale_adapters.sisters.transport import Transport
from sale_domain.ids import SaleChannelId
from sale_domain.port_errors import SisterUnavailable
from sisters_world import ScriptedSister, gone, sisters_world


@attrs.define
class Identity:
    """Grants numbered tokens that are good for an hour."""

    granted: int = 0
    is_down: bool = False
    sister: ScriptedSister = attrs.field(init=False)
    tokens: ServiceTokens = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.sister = ScriptedSister(name="identity", answer=self.grant)
        self.tokens = ServiceTokens(
            transport=self.sister.transport(),
            client_id="sale",
            client_secret="hương & vị",
            monotonic=self.sister.monotonic,
        )

    def grant(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            return gone(request)
        self.granted += 1
        return httpx.Response(200, json={"access_token": f"token-{self.granted}", "expires_in": 3600})


async def test_one_token_is_asked_for_by_form_and_serves_all() -> None:
    identity = Identity()
    assert set(await asyncio.gather(*(identity.tokens.token() for _ in range(50)))) == {"token-1"}
    [request] = identity.sister.seen
    assert (request.method, request.url.path) == ("POST", "/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in request.headers
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["sale"],
        "client_secret": ["hương & vị"],
    }


async def test_shortly_before_its_end_it_is_renewed_once_and_nobody_waits() -> None:
    identity = Identity()
    await identity.tokens.token()
    identity.sister.now += 3539.9
    assert await identity.tokens.token() == "token-1"
    identity.sister.now += 0.1
    assert set(await asyncio.gather(*(identity.tokens.token() for _ in range(50)))) == {"token-1"}
    await asyncio.sleep(0.01)
    assert await identity.tokens.token() == "token-2"
    assert identity.granted == 2


async def test_while_identity_is_down_a_token_is_used_until_it_expires() -> None:
    identity = Identity()
    await identity.tokens.token()
    identity.is_down = True
    identity.sister.now += 3599
    assert await identity.tokens.token() == "token-1"
    await asyncio.sleep(0.01)
    assert await identity.tokens.token() == "token-1"
    identity.sister.now += 1
    with pytest.raises(SisterUnavailable, match="identity"):
        await identity.tokens.token()
    identity.is_down = False
    assert await identity.tokens.token() == "token-2"


async def test_a_refused_token_is_replaced_once_for_all_who_hold_it() -> None:
    identity = Identity()
    old = await identity.tokens.token()
    assert set(await asyncio.gather(*(identity.tokens.token(old) for _ in range(20)))) == {"token-2"}
    assert await identity.tokens.token(old) == "token-2"
    assert identity.granted == 2


async def test_a_sister_who_refuses_every_token_makes_no_storm_at_identity() -> None:
    identity = Identity()
    token = await identity.tokens.token()
    for _ in range(100):
        token = await identity.tokens.token(token)
    assert (token, identity.granted) == ("token-2", 2)
    identity.sister.now += 10
    assert await identity.tokens.token(token) == "token-3"


@pytest.mark.parametrize(
    "answer",
    [
        {"expires_in": 3600},
        {"access_token": "", "expires_in": 3600},
        {"access_token": "two\r\nlines", "expires_in": 3600},
        {"access_token": "two words", "expires_in": 3600},
        {"access_token": "token-é", "expires_in": 3600},
        {"access_token": "token-1"},
        {"access_token": "token-1", "expires_in": 0},
        {"access_token": "token-1", "expires_in": "soon"},
        ["token-1"],
    ],
)
async def test_an_answer_without_a_usable_token_is_none(answer: object) -> None:
    sister = ScriptedSister(name="identity", answer=lambda _: httpx.Response(200, json=answer))
    tokens = ServiceTokens(transport=sister.transport(), client_id="sale", client_secret="s")
    with pytest.raises(SisterUnavailable, match="cannot be used"):
        await tokens.token()


async def test_wrong_credentials_are_said_to_be_and_never_shown() -> None:
    async with sisters_world() as world:
        tokens = ServiceTokens(transport=world.transport("identity"), client_id="sale", client_secret="hush-hush")
        with pytest.raises(SisterUnavailable) as refused:
            await tokens.token()
        assert str(refused.value) == (
            "identity is not available: it answered 401 (unknown client_id or wrong client_secret)"
        )


async def test_when_identity_has_a_new_key_sisters_are_asked_again_with_a_new_token() -> None:
    async with sisters_world() as old, sisters_world(key=ec.generate_private_key(ec.SECP256R1())) as restarted:
        worlds = [old]

        async def switched(request: httpx.Request) -> httpx.Response:
            return await httpx.ASGITransport(app=worlds[-1].app).handle_async_request(request)

        def transport(sister: str) -> Transport:
            client = httpx.AsyncClient(base_url=f"http://sandbox/{sister}", transport=httpx.MockTransport(switched))
            return old.transport(sister, client=client)

        tokens = ServiceTokens(
            transport=transport("identity"),
            client_id="sale",
            client_secret="sandbox-secret",
            monotonic=old.monotonic,
        )
        first = await tokens.token()
        worlds.append(restarted)
        client = httpx.AsyncClient(base_url="http://sandbox/commerce", transport=httpx.MockTransport(switched))
        answer = await old.transport("commerce", tokens.token, client).call("GET", "/sale-channels/channel-vnd")
        assert answer.status == 200
        assert [request["method"] for request in await restarted.seen("commerce")] == ["GET", "GET"]
        assert await tokens.token() != first


async def test_catalogue_and_pricing_share_one_token() -> None:
    async with sisters_world() as world:
        await world.catalog.sale_channel(SaleChannelId("channel-vnd"))
        await world.catalog.category("category-combo")
        assert [request["path"] for request in await world.seen("identity")] == ["/identity/token"]
