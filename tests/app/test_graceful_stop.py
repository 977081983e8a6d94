"""`sale serve` as a real process that is told to stop: whoever it has heard gets an answer, nobody else is let in."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ordering_over_http import payment
from processes import eventually
from replicas import MERCHANT, Replica, Replicas, running_replicas
from sale_adapters.postgres.migrations.run import migrate
from sale_app.server import grace_seconds
from sale_app.settings import Settings
from stream_world import screen

BASE = "/v1/api/sale"


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncGenerator[Replicas]:
    migrate(database_url)
    async with running_replicas(database_url, tmp_path, polls_ms=(60_000, 60_000)) as found:
        yield found


@asynccontextmanager
async def held_up(world: Replicas, order_id: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Hold an order's row, so that whoever changes it is under way until the block ends."""
    async with await psycopg.AsyncConnection.connect(world.database_url) as connection:
        await connection.execute("SELECT 1 FROM sale_orders WHERE id = %s FOR UPDATE", (order_id,))
        yield connection
        await connection.rollback()


async def opened(world: Replicas, base: str, headers: dict[str, str]) -> str:
    """Open an order of one phở bò; return its id."""
    item = {"itemId": "variant-pho", "quantity": 1}
    body = {"saleChannelId": "channel-vnd", "items": [item]}
    made = await world.client.post(f"{base}/sale-orders", json=body, headers=headers)
    return str(made.raise_for_status().json()["id"])


async def until_blocked(world: Replicas, count: int) -> None:
    """Wait until so many wait for a lock."""
    question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with (
        asyncio.timeout(20),
        await psycopg.AsyncConnection.connect(world.database_url, autocommit=True) as connection,
    ):
        while (await (await connection.execute(question)).fetchone()) != (count,):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


async def refuses(replica: Replica) -> bool:
    try:
        host, port = replica.address.split(":")
        _, writer = await asyncio.open_connection(host, int(port))
    except ConnectionError:
        return True
    writer.close()
    return False


async def until_refused(replica: Replica) -> None:
    async with asyncio.timeout(20):
        while not await refuses(replica):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)


async def test_what_is_under_way_is_finished_and_nobody_new_is_let_in(world: Replicas) -> None:
    replica, token = world.replicas[0], await world.token()
    base = f"http://{replica.address}{BASE}"
    headers = {"authorization": f"Bearer {token}", "x-merchant-id": MERCHANT}
    order_id = await opened(world, base, headers)

    async with screen(replica.address, token=token) as board:
        await board.subscribe()
        async with held_up(world, order_id):
            cancelling = asyncio.create_task(
                world.client.post(f"{base}/sale-orders/{order_id}/cancel", json={"reason": "rain"}, headers=headers)
            )
            await until_blocked(world, 1)
            paying = asyncio.create_task(world.client.post(f"{base}/webhooks/payment", json=payment(order_id, 65_000)))
            await until_blocked(world, 2)
            os.kill(replica.process.pid, signal.SIGTERM)
            await until_refused(replica)
            assert (await board.closed())[0] == 1012
            # Long enough that a server which does not wait would have cut both off.
            await asyncio.wait([cancelling, paying], timeout=1)
            assert not cancelling.done()
            assert not paying.done()
        assert (await cancelling).json()["status"] == "CANCELLED"
        told = await paying
        assert (told.status_code, told.json()) == (200, {"outcome": "unallocated"})
    assert await replica.process.wait() == 0

    # The other replica was told nothing and misses nothing.
    other = f"http://{world.replicas[1].address}{BASE}"
    seen = (await world.client.get(f"{other}/sale-orders/{order_id}", headers=headers)).json()
    assert (seen["status"], seen["unallocated"]) == ("CANCELLED", 65_000)
    again = await world.client.post(f"{other}/webhooks/payment", json=payment(order_id, 65_000))
    assert again.json() == {"outcome": "already-applied"}


@pytest.mark.parametrize(("limit_ms", "seconds"), [(30_000, 31), (1_500, 3), (600_000, 601)])
def test_no_request_is_cut_before_its_own_limit_has_answered_it(limit_ms: int, seconds: int) -> None:
    assert grace_seconds(Settings(request_timeout_ms=limit_ms)) == seconds


class TestLate:
    """With requests that may take two seconds."""

    @pytest.fixture
    async def world(self, database_url: str, tmp_path: Path) -> AsyncGenerator[Replicas]:
        migrate(database_url)
        limit = {"request_timeout_ms": "2000"}
        async with running_replicas(database_url, tmp_path, polls_ms=(60_000,), more=limit) as found:
            yield found

    async def test_what_does_not_come_to_an_end_is_told_so_in_our_own_words(self, world: Replicas) -> None:
        (replica,) = world.replicas
        base = f"http://{replica.address}{BASE}"
        headers = {"authorization": f"Bearer {await world.token()}", "x-merchant-id": MERCHANT}
        order_id = await opened(world, base, headers)
        async with held_up(world, order_id):
            cancelling = asyncio.create_task(
                world.client.post(f"{base}/sale-orders/{order_id}/cancel", json={"reason": "rain"}, headers=headers)
            )
            await until_blocked(world, 1)
            os.kill(replica.process.pid, signal.SIGTERM)
            answer = await cancelling
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.json()["code"] == "took-too-long"
        assert await replica.process.wait() == 0


class TestSlowly:
    """With a time to drain, and the webhook on a port of its own."""

    @pytest.fixture
    async def world(self, database_url: str, tmp_path: Path) -> AsyncGenerator[Replicas]:
        migrate(database_url)
        async with running_replicas(
            database_url, tmp_path, polls_ms=(60_000,), more={"drain_seconds": "300"}, webhook_apart=True
        ) as found:
            yield found

    async def test_it_is_not_ready_but_goes_on_until_a_second_signal_ends_it_at_once(self, world: Replicas) -> None:
        (replica,) = world.replicas
        base, apart = f"http://{replica.address}{BASE}", f"http://{replica.webhook_address}{BASE}"
        assert (await world.client.get(f"{base}/readyz")).status_code == 200
        os.kill(replica.process.pid, signal.SIGTERM)

        async with asyncio.timeout(20):
            while (ready := await world.client.get(f"{base}/readyz")).status_code == 200:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert (ready.status_code, ready.json()["parts"]) == (503, {"process": "is stopping"})
        assert (await world.client.get(f"{base}/healthz")).status_code == 200
        assert await world.sell(0, token=await world.token()) >= 1
        order = payment("01KE6YB4M0000000000000000126", 1)
        assert (await world.client.post(f"{apart}/webhooks/payment", json=order)).json() == {"outcome": "parked"}
        assert (await world.client.post(f"{base}/webhooks/payment", json=order)).status_code == 404
        assert (await world.client.get(f"{apart}/sale-orders")).status_code == 404

        os.kill(replica.process.pid, signal.SIGTERM)
        assert await eventually(lambda: not replica.process.running)
        assert await replica.process.wait() == -signal.SIGTERM


class TestSigned:
    """With a secret: the sandbox's mq-pay signs what serve checks."""

    @pytest.fixture
    async def world(self, database_url: str, tmp_path: Path) -> AsyncGenerator[Replicas]:
        migrate(database_url)
        secret = {"webhook_secrets": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
        async with running_replicas(database_url, tmp_path, polls_ms=(60_000,), more=secret) as found:
            yield found

    async def test_mq_pays_word_counts_and_nobody_elses(self, world: Replicas) -> None:
        base = f"http://{world.replicas[0].address}{BASE}"
        order_id = "01KE6YB4M0000000000000000126"
        pay = {"saleOrderId": order_id, "amount": 65_000}
        answer = await world.client.post(f"{world.sandbox}/mq-pay/payments", json=pay)
        assert {each["outcome"] for each in answer.json()["deliveries"]} == {"parked"}
        forged = await world.client.post(f"{base}/webhooks/payment", json=payment(order_id, 1))
        assert (forged.status_code, forged.json()["code"]) == (401, "signature-missing")
