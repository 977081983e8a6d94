"""Tokens, keys and policies, as Sale's own verifier would meet them."""

from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from sandbox_world import SandboxWorld


async def verified(world: SandboxWorld, token: str) -> dict[str, Any]:
    [key] = (await world.http.get("/identity/jw-certs")).json()["keys"]
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": key["kid"], "typ": "JWT"}
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(key),
        ["ES256"],
        audience="sale",
        issuer="https://identity.sandbox",
        options={"verify_exp": False, "verify_iat": False},
    )
    return claims


async def effect(world: SandboxWorld, role: str, action: str) -> str | None:
    answer = await world.http.get("/identity/policy-definitions", params={"role": role, "action": action})
    assert answer.json() == {"role": role, "action": action, "effect": answer.json()["effect"]}
    found: str | None = answer.json()["effect"]
    return found


async def dev_token(world: SandboxWorld, **asked: object) -> str:
    answer = await world.http.post("/identity/dev-token", json=asked)
    assert answer.status_code == 200
    return str(answer.json()["access_token"])


async def test_a_dev_token_without_a_body_is_the_owner_of_merchant_1_for_an_hour(world: SandboxWorld) -> None:
    answer = await world.http.post("/identity/dev-token")
    claims = await verified(world, answer.json()["access_token"])
    now = int(world.now.timestamp())
    assert claims == {
        "iss": "https://identity.sandbox",
        "aud": "sale",
        "sub": "user-demo",
        "userId": "user-demo",
        "roles": ["owner"],
        "organizers": [],
        "merchants": ["merchant-1"],
        "iat": now,
        "exp": now + 3600,
    }


async def test_a_dev_token_takes_any_claim_and_null_leaves_one_out(world: SandboxWorld) -> None:
    token = await dev_token(
        world, userId="lan", roles=["cook"], merchants=["merchant-2"], organizers=None, shift="sáng"
    )
    claims = await verified(world, token)
    assert (claims["sub"], claims["userId"], claims["roles"]) == ("lan", "lan", ["cook"])
    assert (claims["merchants"], claims["shift"]) == (["merchant-2"], "sáng")
    assert "organizers" not in claims


async def test_a_negative_lifetime_gives_a_token_that_has_expired(world: SandboxWorld) -> None:
    claims = await verified(world, await dev_token(world, expiresIn=-60))
    assert claims["exp"] == int(world.now.timestamp()) - 60


async def test_a_claim_of_the_wrong_type_is_signed_as_told(world: SandboxWorld) -> None:
    token = await dev_token(world, roles="owner", iss=7)
    assert jwt.decode(token, options={"verify_signature": False})["iss"] == 7


async def test_a_lifetime_that_is_no_number_is_refused(world: SandboxWorld) -> None:
    answer = await world.http.post("/identity/dev-token", json={"expiresIn": "soon"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-body")


async def test_a_service_gets_its_token_by_form_or_by_json(world: SandboxWorld) -> None:
    credentials = {"client_id": "sale", "client_secret": "sandbox-secret"}
    by_form = await world.http.post("/identity/token", data={"grant_type": "client_credentials", **credentials})
    by_json = await world.http.post("/identity/token", json=credentials)
    for answer in (by_form, by_json):
        assert (answer.status_code, answer.json()["expires_in"], answer.json()["token_type"]) == (200, 3600, "Bearer")
        assert (await verified(world, answer.json()["access_token"]))["sub"] == "sale"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"client_id": "sale", "client_secret": "guessed"}, 401),
        ({"client_id": "other", "client_secret": "sandbox-secret"}, 401),
        ({}, 401),
        ({"client_id": "sale", "client_secret": "sandbox-secret", "grant_type": "password"}, 400),
        ([], 422),
    ],
)
async def test_wrong_credentials_get_no_token(world: SandboxWorld, asked: object, status: int) -> None:
    answer = await world.http.post("/identity/token", json=asked)
    assert answer.status_code == status
    assert "access_token" not in answer.json()


@pytest.mark.parametrize(
    "path",
    [
        "/identity/policy-definitions?role=owner&action=SaleOrder.find",
        "/commerce/product-variants/variant-pho",
        "/pricing/simulation/calculate",
        "/pricing/simulation-v2/calculate",
    ],
)
async def test_what_only_services_may_ask_needs_a_token_that_is_still_good(world: SandboxWorld, path: str) -> None:
    async def status(authorization: str | None) -> int:
        method = "POST" if "pricing" in path else "GET"
        body = {"currency": "VND", "saleChannelId": "channel-vnd", "items": []} if method == "POST" else None
        headers = {} if authorization is None else {"authorization": authorization}
        return (await world.http.request(method, path, json=body, headers=headers)).status_code

    token = await world.service_token()
    assert await status(None) == 401
    assert await status("Bearer nonsense") == 401
    assert await status(f"Basic {token}") == 401
    assert await status(f"Bearer {await dev_token(world, aud='somebody-else')}") == 401
    assert await status(f"Bearer {await dev_token(world, exp=None)}") == 401
    assert await status(f"Bearer {token}") == 200
    world.now += timedelta(seconds=3600)
    assert await status(f"Bearer {token}") == 401


async def test_a_fresh_demo_lets_each_role_do_its_work_and_no_more(world: SandboxWorld) -> None:
    await world.log_in()
    assert await effect(world, "owner", "Payment.find") == "allow"
    assert await effect(world, "cashier", "SaleOrder.checkout") == "allow"
    assert await effect(world, "cashier", "KitchenTicketItem.cook") is None
    assert await effect(world, "cook", "KitchenTicketItem.cook") == "allow"
    assert await effect(world, "cook", "SaleOrder.find") is None
    assert await effect(world, "waiter", "SaleOrder.update") == "allow"
    assert await effect(world, "waiter", "SaleOrder.checkout") is None
    assert await effect(world, "guest", "SaleOrder.find") is None


async def test_deny_beats_allow_and_a_put_replaces_the_named_roles_only(world: SandboxWorld) -> None:
    await world.log_in()
    told = [
        {"role": "cashier", "action": "*", "effect": "allow"},
        {"role": "cashier", "action": "SaleOrder.cancel", "effect": "deny"},
        {"role": "cashier", "action": "SaleOrder.revert", "effect": None},
    ]
    assert (await world.http.put("/identity/dev-policies", json=told)).status_code == 204
    assert await effect(world, "cashier", "SaleOrder.cancel") == "deny"
    assert await effect(world, "cashier", "KitchenTicketItem.cook") == "allow"
    assert await effect(world, "cook", "KitchenTicketItem.cook") == "allow"
    await world.http.put("/identity/dev-policies", json=[])
    assert await effect(world, "cashier", "SaleOrder.cancel") == "allow"


async def test_a_policy_without_a_known_effect_is_refused_and_changes_nothing(world: SandboxWorld) -> None:
    await world.log_in()
    told = [{"role": "owner", "action": "*", "effect": "maybe"}]
    answer = await world.http.put("/identity/dev-policies", json=told)
    assert (answer.status_code, answer.json()["detail"]) == (422, "Invalid enum value 'maybe' - at `$[0].effect`")
    assert await effect(world, "owner", "SaleOrder.find") == "allow"


async def test_a_lookup_without_role_or_action_is_a_bad_request(world: SandboxWorld) -> None:
    await world.log_in()
    answer: httpx.Response = await world.http.get("/identity/policy-definitions", params={"role": "owner"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-query")
