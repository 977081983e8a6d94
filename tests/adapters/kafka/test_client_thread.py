"""A client in a thread of its own is disconnected in the end, whatever it is doing."""

import asyncio
import threading

from sale_adapters.kafka.client_thread import ClientThread
from sale_adapters.kafka.watchdog import Watchdog


async def test_a_client_whose_call_outlasts_the_closing_is_disconnected_when_the_call_is_over() -> None:
    call_may_end, told = threading.Event(), threading.Event()
    client = ClientThread("slow", connect=lambda: "client", disconnect=lambda _: told.set(), close_seconds=0.05)
    calling = asyncio.create_task(client.call(lambda _: call_may_end.wait(20)))
    await asyncio.sleep(0)

    await client.close()
    assert not told.is_set()
    call_may_end.set()
    assert await calling
    assert await asyncio.to_thread(told.wait, 20)


async def test_connecting_and_every_call_is_watched() -> None:
    bitten = threading.Event()
    watchdog = Watchdog(limit_seconds=0.05, end=lambda _: bitten.set())
    hangs = ClientThread("tls", connect=lambda: bitten.wait(20), disconnect=lambda _: None, watchdog=watchdog)
    assert await hangs.call(lambda seen: seen)
    await hangs.close()


async def test_a_client_is_disconnected_although_whoever_closes_it_is_cancelled() -> None:
    call_may_end, told = threading.Event(), threading.Event()
    client = ClientThread("slow", connect=lambda: "client", disconnect=lambda _: told.set())
    calling = asyncio.create_task(client.call(lambda _: call_may_end.wait(20)))
    await asyncio.sleep(0)
    closing = asyncio.create_task(client.close())
    await asyncio.sleep(0)

    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    call_may_end.set()
    await calling
    assert await asyncio.to_thread(told.wait, 20)
