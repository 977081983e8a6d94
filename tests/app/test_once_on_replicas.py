"""Idempotency-Key on real processes: equal ones on two replicas, kill -9 between COMMIT and answer (contract §9)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from replicas import Replicas, running_replicas
from sale_adapters.postgres.migrations.run import migrate
from wire_tap import WireTap

TWICE_PHO = {"saleChannelId": "channel-vnd", "items": [{"itemId": "variant-pho", "quantity": 2}]}
REPLAYED = "idempotency-replayed"


@attrs.define(kw_only=True)
class Counter:
    """Two replicas, the first of which hears PostgreSQL through a wire that can be tapped, and one cashier."""

    world: Replicas
    wire: WireTap
    token: str

    async def ask(
        self, replica: int, method: str, path: str, body: object = None, *, key: str | None = None
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}", "x-merchant-id": "merchant-1"}
        headers |= {"idempotency-key": key} if key else {}
        url = f"http://{self.world.replicas[replica].address}/v1/api/sale{path}"
        content: dict[str, Any] = {} if body is None else {"json": body}
        return await self.world.client.request(method, url, headers=headers, **content)

    async def order(self) -> dict[str, Any]:
        made = await self.ask(1, "POST", "/sale-orders", TWICE_PHO)
        assert made.status_code == 201, made.text
        order: dict[str, Any] = made.json()
        return order

    async def seen(self, order_id: str) -> dict[str, Any]:
        order: dict[str, Any] = (await self.ask(1, "GET", f"/sale-orders/{order_id}")).json()
        return order

    async def noted(self, note: str) -> list[dict[str, Any]]:
        """Return the orders that have this note."""
        listed = (await self.ask(1, "GET", "/sale-orders?limit=200")).json()["items"]
        return [order for order in listed if order.get("note") == note]


@pytest.fixture
async def counter(database_url: str, tmp_path: Path) -> AsyncGenerator[Counter]:
    await asyncio.to_thread(migrate, database_url)
    async with WireTap(database_url) as wire:
        tapped = {"database_url": wire.url}
        async with running_replicas(database_url, tmp_path, polls_ms=(1_000, 1_000), own=(tapped, {})) as world:
            yield Counter(world=world, wire=wire, token=await world.token())


async def test_equal_requests_at_once_on_two_replicas_have_one_effect_and_one_answer(counter: Counter) -> None:
    order = await counter.order()
    path = f"/sale-orders/{order['id']}"
    added = {"itemId": "variant-tra-da", "quantity": 1}

    async def at_once(path: str, body: object) -> Sequence[httpx.Response]:
        asked = (counter.ask(number % 2, "POST", path, body, key="till-4-0001") for number in range(16))
        return await asyncio.gather(*asked)

    for where, body, status in (
        ("/sale-orders", {**TWICE_PHO, "note": "sixteen times"}, 201),
        (f"{path}/items", added, 201),
        (f"{path}/checkout", {}, 200),
    ):
        answers = await at_once(where, body)
        assert {answer.status_code for answer in answers} == {status}
        assert len({answer.content for answer in answers}) == 1
        assert sum(REPLAYED not in answer.headers for answer in answers) == 1

    assert len(await counter.noted("sixteen times")) == 1
    seen = await counter.seen(order["id"])
    assert (seen["version"], seen["status"], seen["total"]) == (3, "PROCESSING", 135_000)


async def test_a_process_killed_between_commit_and_answer_has_had_one_effect_whose_answer_the_other_one_tells(
    counter: Counter,
) -> None:
    to_fill, to_check_out = await counter.order(), await counter.order()
    commands = {
        "create": ("/sale-orders", {**TWICE_PHO, "note": "never-heard-1"}),
        "add": (f"/sale-orders/{to_fill['id']}/items", {"itemId": "variant-pho", "note": "never-heard-2"}),
        "checkout": (f"/sale-orders/{to_check_out['id']}/checkout", {"expectedTotal": 130_000}),
    }
    await counter.ask(0, "GET", "/sale-orders")  # the first connection is made, and the token's key known
    counter.wire.no_answer_to = (b"never-heard-1", b"never-heard-2", b"fareProvider")

    asked = [
        asyncio.create_task(counter.ask(0, "POST", path, body, key=name)) for name, (path, body) in commands.items()
    ]
    await _all_committed(counter, to_fill["id"], to_check_out["id"])
    assert not any(task.done() for task in asked)
    counter.world.replicas[0].process.kill()
    lost = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(outcome, httpx.TransportError) for outcome in lost), lost

    told = [await counter.ask(1, "POST", path, body, key=name) for name, (path, body) in commands.items()]
    assert [answer.status_code for answer in told] == [201, 201, 200]
    assert all(answer.headers[REPLAYED] == "true" for answer in told)
    (made,) = await counter.noted("never-heard-1")
    filled, checked_out = await counter.seen(to_fill["id"]), await counter.seen(to_check_out["id"])
    assert told[0].json()["id"] == made["id"]
    assert [answer.json()["version"] for answer in told] == [made["version"], filled["version"], checked_out["version"]]
    assert (made["version"], filled["version"], checked_out["version"]) == (1, 2, 2)
    assert [line.get("note") for line in filled["items"]] == [None, "never-heard-2"]


async def _all_committed(counter: Counter, to_fill: str, to_check_out: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        filled, checked_out = await counter.seen(to_fill), await counter.seen(to_check_out)
        made = await counter.noted("never-heard-1")
        if (len(made), filled["version"], checked_out["version"]) == (1, 2, 2):
            return
    raise AssertionError("they were not committed")
