"""A relay's waits end when there is work, also when that was said a moment too early."""

import asyncio
import time

import pytest

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


async def test_of_two_at_once_each_is_done_to_its_end_and_the_firsts_failure_goes_before_the_seconds() -> None:
    ended: list[str] = []

    async def fail(name: str, *, after: int) -> None:
        for _ in range(after):
            await asyncio.sleep(0)
        ended.append(name)
        raise LookupError(name)

    async def answer(*, after: int) -> str:
        for _ in range(after):
            await asyncio.sleep(0)
        ended.append("answer")
        return "found"

    pace = AsyncioPace(asyncio.Event())
    assert await pace.both(answer(after=3), answer(after=1)) == "found"
    with pytest.raises(LookupError, match="first"):
        await pace.both(fail("first", after=1), answer(after=3))
    with pytest.raises(LookupError, match="first"):
        await pace.both(fail("first", after=3), fail("second", after=1))
    with pytest.raises(LookupError, match="second"):
        await pace.both(answer(after=3), fail("second", after=1))
    assert ended == ["answer", "answer", "first", "answer", "second", "first", "second", "answer"]


async def test_being_cancelled_cancels_both_whatever_they_make_of_it() -> None:
    ended: list[str] = []

    async def wait(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)
            raise LookupError(name)

    both = asyncio.create_task(AsyncioPace(asyncio.Event()).both(wait("first"), wait("second")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both
    assert ended == ["first", "second"]
