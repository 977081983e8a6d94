"""Tills in a process of their own, so that what asking costs is known apart from what answering does."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing import get_context

import attrs
import httpx

from sale_adapters.wire.demo_shop import CHANNELS
from till import Shop, Till


@attrs.frozen(kw_only=True)
class Crowd:
    """So many tills at one place, each with a connection of its own, at one shop and the other in turn."""

    place: str
    shops: Sequence[Shop]
    tills: int
    name: str


@attrs.frozen(kw_only=True)
class Sold:
    """What came of it: how long each thing took, in milliseconds, how long all of it did, and what asking has cost."""

    took_ms: Sequence[float]
    seconds: float
    cpu_seconds: float


async def shops(sandbox: str) -> Sequence[Shop]:
    """Return all that the sandbox has in đồng, each with a cashier of its own."""
    found = list[Shop]()
    async with httpx.AsyncClient(base_url=sandbox, trust_env=False) as client:
        for channel in CHANNELS.values():
            who = {"userId": "lan", "roles": ["cashier"], "merchants": [channel.merchant_id], "expiresIn": 3_600}
            token = (await client.post("/identity/dev-token", json=who)).raise_for_status().json()["access_token"]
            if channel.currency == "VND":
                found.append(Shop(merchant=channel.merchant_id, channel=channel.id, token=token))
    return found


async def in_a_process(job: Callable[[], Sold]) -> Sold:
    """Do a job where nothing else is done."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as apart:
        return await asyncio.get_running_loop().run_in_executor(apart, job)


def sell(crowd: Crowd, *, seconds: float) -> Sold:
    """Sell whole orders until the time is over; each till begins one when it has ended the one before."""
    return asyncio.run(_sell(crowd, seconds))


def check_out(crowd: Crowd, *, count: int) -> Sold:
    """Check out so many orders, one after the other, at one till; opening them is not counted."""
    return asyncio.run(_check_out(crowd, count))


async def _sell(crowd: Crowd, seconds: float) -> Sold:
    took_ms = list[float]()

    async def busy(till: Till) -> None:
        while time.perf_counter() < ends:
            start = time.perf_counter()
            await till.sell()
            took_ms.append(1_000 * (time.perf_counter() - start))

    async with _tills(crowd) as tills:
        cpu, begun = time.process_time(), time.perf_counter()
        ends = begun + seconds
        await asyncio.gather(*map(busy, tills))
        spent = time.perf_counter() - begun
    return Sold(took_ms=took_ms, seconds=spent, cpu_seconds=time.process_time() - cpu)


async def _check_out(crowd: Crowd, count: int) -> Sold:
    took_ms, cpu = list[float](), time.process_time()
    async with _tills(crowd) as (till, *_):
        begun = time.perf_counter()
        for _ in range(count):
            order_id = await till.open()
            start = time.perf_counter()
            await till.check_out(order_id)
            took_ms.append(1_000 * (time.perf_counter() - start))
        spent = time.perf_counter() - begun
    return Sold(took_ms=took_ms, seconds=spent, cpu_seconds=time.process_time() - cpu)


@asynccontextmanager
async def _tills(crowd: Crowd) -> AsyncGenerator[Sequence[Till]]:
    # One for all of them: reading the system's certificates takes longer than an order.
    verify = ssl.create_default_context()
    async with AsyncExitStack() as stack:
        clients = [
            httpx.AsyncClient(base_url=f"http://{crowd.place}", trust_env=False, verify=verify, timeout=60)
            for _ in range(crowd.tills)
        ]
        yield [
            Till(
                client=await stack.enter_async_context(client),
                shop=crowd.shops[number % len(crowd.shops)],
                name=f"{crowd.name}-{number}",
            )
            for number, client in enumerate(clients)
        ]
