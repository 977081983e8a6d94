"""A relay's waits end when there is work, also when that was said a moment too early."""

import asyncio
import time

from sale_app.relay_pace import AsyncioPace


async def test_a_wake_up_while_nobody_waits_ends_the_next_wait_and_only_that() -> None:
    pace = AsyncioPace(asyncio.Event())
    pace.wake()
    pace.wake()
    started = time.monotonic()
    await pace.await_work(30)
    assert time.monotonic() - started < 10
    started = time.monotonic()
    await pace.await_work(0.1)
    assert time.monotonic() - started >= 0.09


async def test_being_told_to_stop_ends_every_wait() -> None:
    stop = asyncio.Event()
    pace = AsyncioPace(stop)
    stop.set()
    async with asyncio.timeout(10):
        await pace.sleep(30)
        await pace.await_work(30)
