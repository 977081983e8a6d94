"""Every sister, sick in every way, and what callers of a running service see of it (C6 to C9, C17)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
import pytest_asyncio

from ordering_over_http import payment
from replicas import Replicas, running_replicas
from sale_adapters.postgres.migrations.run import migrate

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEADLINE_SECONDS = 4.0
"""For a whole call to a sister; see `IMPATIENT`."""

IMPATIENT = {"sister_timeout_ms": "4000", "sister_try_ms": "2000", "sister_rest_ms": "300"}
"""Long enough for a sister that is well on a machine that is busy, or the wrong one would seem sick."""

LONGEST_SECONDS = 2 * DEADLINE_SECONDS
TILLS, STRANGERS = 5, 5
"""Enough failures in a row to open any breaker."""

FAULTS: dict[str, dict[str, object]] = {
    "down": {"down": True},
    "slow": {"latencyMs": 5_000},
    "garbage": {"garbage": True},
    "4xx": {"failStatus": 422},
    "5xx": {"failStatus": 500},
    "flapping": {"failNext": 2, "failStatus": 503},
}
HURT = {"identity": {"list as a stranger"}, "commerce": {"checkout", "add"}, "pricing": {"checkout"}}
"""What needs the sister at that moment; everything else goes on as if nothing were."""

GOOD = {"checkout": 200, "add": 201, "webhook": 200, "list": 200, "list as a waiter": 200, "list as a stranger": 200}

_NUMBERS = count(1_000)


@attrs.frozen(kw_only=True)
class Answer:
    """What one request got, and when it had it, in seconds."""

    status: int
    code: str | None
    sister: str | None
    retry_after: str | None
    took: float
    ended: float


Ask = Callable[[], Awaitable[Answer]]


@attrs.frozen(kw_only=True)
class Action:
    """One request of a kind, and the order that it would change."""

    kind: str
    ask: Ask
    order: str | None = None


@attrs.define(kw_only=True, slots=False)
class Shop:
    """Two replicas: orders are prepared at one, where nobody is impatient, and acted on at the other."""

    world: Replicas
    admin: str
    waiter: str

    async def prepare(self) -> list[Action]:
        """Return what is done at once: every order, variant and role in it is new to the replica that acts."""
        drafts = [await self._order() for _ in range(2 * TILLS)]
        paid = await self._order()
        checked_out = await self._at(0, "POST", f"/sale-orders/{paid}/checkout", {})
        assert checked_out.status_code == 200, checked_out.text
        roles = [f"stranger-{next(_NUMBERS)}" for _ in range(STRANGERS)]
        await self._allow(*roles)
        strangers = [await self.world.token(roles=[role]) for role in roles]
        return [
            *(self._action("checkout", order, "/checkout", {}) for order in drafts[:TILLS]),
            *(self._action("add", order, "/items", {"itemId": _new_variant()}) for order in drafts[TILLS:]),
            Action(kind="webhook", ask=self._asking("POST", "/webhooks/payment", payment(paid, 500)), order=paid),
            Action(kind="list", ask=self._asking("GET", "/sale-orders", token=self.admin)),
            Action(kind="list as a waiter", ask=self._asking("GET", "/sale-orders", token=self.waiter)),
            *(Action(kind="list as a stranger", ask=self._asking("GET", "/sale-orders", token=t)) for t in strangers),
        ]

    async def make_sick(self, sister: str, **faults: object) -> None:
        """Make a sister sick; without faults make her well."""
        (await self.world.client.put(f"{self.world.sandbox}/control/{sister}", json=faults)).raise_for_status()

    async def versions(self, actions: list[Action]) -> dict[str, tuple[int, str]]:
        """Return version and status of every order, as the other replica reads them."""
        orders = [action.order for action in actions if action.order is not None]
        found = [(await self._at(0, "GET", f"/sale-orders/{order}")).json() for order in orders]
        return {order["id"]: (order["version"], order["status"]) for order in found}

    async def _order(self) -> str:
        body = {"saleChannelId": "channel-vnd", "items": [{"itemId": _new_variant()}]}
        made = await self._at(0, "POST", "/sale-orders", body)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def _allow(self, *roles: str) -> None:
        policies = [{"role": role, "action": "*", "effect": "allow"} for role in roles]
        url = f"{self.world.sandbox}/identity/dev-policies"
        (await self.world.client.put(url, json=policies)).raise_for_status()

    def _action(self, kind: str, order: str, below: str, body: object) -> Action:
        return Action(kind=kind, order=order, ask=self._asking("POST", f"/sale-orders/{order}{below}", body))

    def _asking(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Ask:
        async def ask() -> Answer:
            started = time.monotonic()
            answer = await self._at(1, method, path, body, token=token)
            ended, said = time.monotonic(), answer.json()
            return Answer(
                status=answer.status_code,
                code=said.get("code"),
                sister=said.get("sister"),
                retry_after=answer.headers.get("retry-after"),
                took=ended - started,
                ended=ended,
            )

        return ask

    async def _at(
        self, replica: int, method: str, path: str, body: object = None, *, token: str | None = None
    ) -> httpx.Response:
        url = f"http://{self.world.replicas[replica].address}/v1/api/sale{path}"
        headers = {"authorization": f"Bearer {token or self.admin}", "x-merchant-id": "merchant-1"}
        content: dict[str, Any] = {} if body is None else {"json": body}
        return await self.world.client.request(method, url, headers=headers, **content)


def _new_variant() -> str:
    return f"variant-x-{next(_NUMBERS)}"


async def until_good(action: Action) -> None:
    """Ask again until it goes well."""
    async with asyncio.timeout(20):
        while (await action.ask()).status != GOOD[action.kind]:  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Shop]:
    await asyncio.to_thread(migrate, database_url)
    home: Path = tmp_path_factory.mktemp("sick")
    async with running_replicas(database_url, home, polls_ms=(1_000, 1_000), own=({}, IMPATIENT)) as world:
        shop = Shop(world=world, admin=await world.token(), waiter=await world.token(roles=["waiter-of-old"]))
        await shop._allow("waiter-of-old")
        for action in await shop.prepare():
            await until_good(action)
        yield shop


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("sister", HURT)
async def test_a_sick_sister_hurts_only_what_needs_her_for_a_bounded_time_and_changes_nothing(
    shop: Shop, sister: str, fault: str
) -> None:
    actions = await shop.prepare()
    hurt = HURT[sister] if fault != "flapping" else set()
    before = await shop.versions(actions)
    await shop.make_sick(sister, **FAULTS[fault])

    try:
        answers = await asyncio.gather(*(action.ask() for action in actions))
    finally:
        await shop.make_sick(sister)

    told = list(zip(actions, answers, strict=True))
    refused = [(action, answer) for action, answer in told if action.kind in hurt]
    for action, answer in told:
        if action.kind in hurt:
            _check_refusal(answer, sister, fault)
        else:
            assert answer.status == GOOD[action.kind], (action.kind, answer)
        assert answer.took < LONGEST_SECONDS, (action.kind, answer)
    if fault == "slow":
        first_refusal = min(answer.ended for _, answer in refused)
        assert all(answer.ended < first_refusal for action, answer in told if action.kind not in hurt)
    after = await shop.versions(actions)
    left_alone = {action.order for action, _ in refused} - {None}
    assert {order for order in before if after[order] == before[order]} == left_alone

    await asyncio.gather(*(until_good(action) for action, _ in refused))
    healed = await shop.versions(actions)
    assert all(healed[order][0] == before[order][0] + 1 for order in before)


def _check_refusal(answer: Answer, sister: str, fault: str) -> None:
    if fault == "4xx" and sister != "identity":
        assert (answer.status, answer.code, answer.sister) == (422, "sister-refused", sister)
        return
    assert (answer.status, answer.code, answer.sister) == (503, "sister-unavailable", sister)
    assert 1 <= int(answer.retry_after or 0) <= 60


async def test_without_redis_every_caller_is_answered_as_ever_and_so_is_it_when_redis_is_back(shop: Shop) -> None:
    for way in ("gone", "back"):
        if way == "gone":
            shop.world.redis.process.kill()
        else:
            await shop.world.redis.start()
        actions = await shop.prepare()
        before = await shop.versions(actions)

        answers = await asyncio.gather(*(action.ask() for action in actions))

        assert [answer.status for answer in answers] == [GOOD[action.kind] for action in actions]
        after = await shop.versions(actions)
        assert all(after[order][0] == before[order][0] + 1 for order in before)
