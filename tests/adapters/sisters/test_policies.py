"""Asking identity what a role may do (C9)."""

import asyncio

import httpx
import pytest

from sale_adapters.sisters.policies import HttpPolicies
from sale_domain.permissions import Effect, Permission
from sale_domain.port_errors import SisterUnavailable
from sisters_world import ScriptedSister, sisters_world


def policies(answer: httpx.Response) -> tuple[ScriptedSister, HttpPolicies]:
    sister = ScriptedSister(name="identity", answer=lambda _: answer)
    return sister, HttpPolicies(transport=sister.transport())


async def test_the_question_names_the_role_and_the_permissions_code() -> None:
    sister, asked = policies(httpx.Response(200, json={"effect": "allow"}))
    assert await asked.effect("quầy & bếp", Permission.ORDER_FIND_BY_ID) is Effect.ALLOW
    [request] = sister.seen
    assert (request.method, request.url.path) == ("GET", "/policy-definitions")
    assert dict(request.url.params) == {"role": "quầy & bếp", "action": "SaleOrder.findById"}


@pytest.mark.parametrize(
    ("answer", "effect"),
    [
        (httpx.Response(200, json={"effect": "allow", "more": 1}), Effect.ALLOW),
        (httpx.Response(200, json={"effect": "deny"}), Effect.DENY),
        (httpx.Response(200, json={"effect": None}), None),
        (httpx.Response(404), None),
    ],
)
async def test_an_answer_is_allow_deny_or_nothing(answer: httpx.Response, effect: Effect | None) -> None:
    assert await policies(answer)[1].effect("cashier", Permission.ORDER_CREATE) is effect


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={}),
        httpx.Response(200, json={"effect": "ALLOW"}),
        httpx.Response(200, json={"effect": True}),
        httpx.Response(200, json={"effect": ["allow"]}),
        httpx.Response(200, json=["allow"]),
        httpx.Response(200, text="allow"),
        httpx.Response(204),
        httpx.Response(302),
        httpx.Response(401),
        httpx.Response(403, json={"effect": "allow"}),
        httpx.Response(500, json={"effect": "allow"}),
    ],
)
async def test_anything_else_is_no_answer_and_never_a_permission(answer: httpx.Response) -> None:
    with pytest.raises(SisterUnavailable) as unusable:
        await policies(answer)[1].effect("cashier", Permission.ORDER_CREATE)
    assert unusable.value.sister == "identity"


async def test_equal_questions_at_the_same_time_are_one() -> None:
    async with sisters_world() as world:
        await world.tokens.token()
        asked = (world.policies.effect("cashier", Permission.ORDER_CREATE) for _ in range(20))
        assert set(await asyncio.gather(*asked)) == {Effect.ALLOW}
        assert len([r for r in await world.seen("identity") if "policy" in r["path"]]) == 1
