"""What callers see while PostgreSQL is restarted or crowded, and that nobody holds it while a sister is waited for."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import httpx
import psycopg
import pytest

from ordering_over_http import TWO_PHO, checked_out, opened, payment
from sale_adapters.embedded import EmbeddedPostgres
from sale_adapters.memory import MemoryPolicies, demo_catalog, demo_pricing
from sale_adapters.postgres import Patience
from sale_adapters.postgres.migrations.run import migrate
from sale_domain.use_cases.parts import Parts
from stack import served

WAITING = 20


@pytest.fixture(scope="module")
def tables_url(database_url: str) -> str:
    migrate(database_url)
    return database_url


def told_to_come_back(answer: httpx.Response) -> bool:
    if answer.status_code != 503:
        return False
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("store-unavailable", "1")
    return True


@attrs.define(kw_only=True)
class Tills:
    """Cashiers who open one order after the other, and repeat with its key what was refused."""

    client: httpx.AsyncClient
    made: int = 0
    refused: int = 0
    enough: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def work(self, till: int) -> None:
        number = 0
        while not self.enough.is_set():
            number += 1
            key = {"idempotency-key": f"till-{till}-{number}"}
            while told_to_come_back(answer := await self.client.post("/sale-orders", json=TWO_PHO, headers=key)):
                self.refused += 1
                await asyncio.sleep(0.05)
            assert answer.status_code == 201, answer.text
            self.made += 1

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not happened():  # noqa: ASYNC110 - the tills tell nobody
                await asyncio.sleep(0.01)


async def test_a_restart_under_load_is_a_503_to_everyone_for_a_while_and_no_order_is_lost_or_doubled(
    tmp_path: Path,
) -> None:
    postgres = EmbeddedPostgres(data_dir=tmp_path, durable=False)
    await postgres.start()
    try:
        await asyncio.to_thread(migrate, postgres.url)
        async with served(postgres.url, connections=4) as client:
            tills = Tills(client=client)
            working = asyncio.gather(*(tills.work(till) for till in range(6)))
            await tills.until(lambda: tills.made > 12)
            postgres.process.kill()
            await tills.until(lambda: tills.refused > 12)
            while_away = [await client.get(path) for path in ("/sale-orders", "/healthz")]
            told = await client.post("/webhooks/payment", json=payment("01KE6YB4M0000000000000000126", 1))
            await postgres.start()
            before = tills.made
            await tills.until(lambda: tills.made > before + 12)
            tills.enough.set()
            await working
            kept = await _count_orders(postgres.url)
    finally:
        await postgres.stop()

    assert [answer.status_code for answer in while_away] == [503, 200]
    assert all(map(told_to_come_back, (while_away[0], told)))
    assert kept == tills.made


async def _count_orders(url: str) -> int:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        ((count,),) = await (await connection.execute("SELECT count(*) FROM sale_orders")).fetchall()
    return int(count)


async def test_with_all_connections_in_use_callers_are_told_soon_and_answered_once_there_is_one(
    tables_url: str,
) -> None:
    async with served(tables_url, connections=2) as client:
        async with await psycopg.AsyncConnection.connect(tables_url) as hand:
            await hand.execute("LOCK TABLE sale_orders IN ACCESS EXCLUSIVE MODE")
            started = time.monotonic()
            refused = await asyncio.gather(*(client.get("/sale-orders") for _ in range(6)))
            took = time.monotonic() - started
            alive = await client.get("/healthz")
        answered = await asyncio.gather(*(client.get("/sale-orders") for _ in range(6)))

    assert all(map(told_to_come_back, refused))
    # One after the other, each pair that has a connection waits for the lock: three times as long as the first pair.
    assert took < 2 * Patience().lock_seconds
    assert alive.status_code == 200
    assert {answer.status_code for answer in answered} == {200}


@attrs.define(kw_only=True)
class Held:
    """A sister who keeps everyone waiting."""

    asked: int = 0
    released: asyncio.Event = attrs.field(factory=asyncio.Event)

    def holding(self, answer: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def held(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the sister takes
            self.asked += 1
            await self.released.wait()
            return await answer(*args, **kwargs)

        return held


def _slow_pricing(parts: Parts, held: Held) -> Parts:
    pricing: Any = demo_pricing()
    pricing.calculate = held.holding(pricing.calculate)
    return attrs.evolve(parts, pricing=pricing)


def _slow_commerce(parts: Parts, held: Held) -> Parts:
    catalog: Any = demo_catalog()
    catalog.item = held.holding(catalog.item)
    return attrs.evolve(parts, catalog=catalog)


def _slow_identity(parts: Parts, held: Held) -> Parts:
    policies: Any = MemoryPolicies()
    policies.allow("cashier")
    policies.effect = held.holding(policies.effect)
    return attrs.evolve(parts, policies=policies)


@pytest.fixture
async def quick(tables_url: str) -> AsyncGenerator[httpx.AsyncClient]:
    async with served(tables_url) as client:
        yield client


@pytest.mark.parametrize(
    ("slow", "below", "body"),
    [
        (_slow_pricing, "/checkout", {}),
        (_slow_commerce, "/items", {"itemId": "variant-tra-da"}),
        (_slow_identity, "/cancel", {"reason": "the guests have left"}),
    ],
    ids=["pricing", "commerce", "identity"],
)
async def test_no_connection_is_held_while_a_sister_is_waited_for(
    tables_url: str, quick: httpx.AsyncClient, slow: Callable[[Parts, Held], Parts], below: str, body: object
) -> None:
    orders = [await opened(quick) for _ in range(WAITING)]
    paid = await checked_out(quick)
    held = Held()
    async with served(tables_url, connections=3, instead=lambda parts: slow(parts, held)) as client:
        waiting = [asyncio.create_task(client.post(f"/sale-orders/{each['id']}{below}", json=body)) for each in orders]
        async with asyncio.timeout(30):
            while held.asked < WAITING:  # noqa: ASYNC110 - they tell nobody
                await asyncio.sleep(0.01)
        payments = [payment(paid["id"], 1_000, uid=f"attempt-{number}") for number in range(WAITING)]
        told = await asyncio.gather(*(client.post("/webhooks/payment", json=each) for each in payments))
        assert not any(task.done() for task in waiting)
        held.released.set()
        answers = await asyncio.gather(*waiting)

    assert [answer.json() for answer in told] == [{"outcome": "applied"}] * WAITING
    assert all(answer.is_success for answer in answers)
