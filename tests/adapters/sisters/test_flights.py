"""Those who want the same thing at the same time share one load."""

import asyncio

import pytest

from sale_adapters.sisters.flights import Flights


class Kitchen:
    """Cooks when told to, and counts."""

    def __init__(self) -> None:
        self.cooked = 0
        self.is_ready = asyncio.Event()
        self.burns = False

    async def cook(self) -> str:
        self.cooked += 1
        await self.is_ready.wait()
        if self.burns:
            raise RuntimeError("burnt")
        return f"phở {self.cooked}"


async def test_all_who_wait_get_the_one_load_and_the_next_one_starts_anew() -> None:
    kitchen, flights = Kitchen(), Flights[str, str]()
    guests = [asyncio.create_task(flights.join("pho", kitchen.cook)) for _ in range(20)]
    await asyncio.sleep(0)
    kitchen.is_ready.set()
    assert set(await asyncio.gather(*guests)) == {"phở 1"}
    assert await flights.join("pho", kitchen.cook) == "phở 2"


async def test_different_things_do_not_wait_for_each_other() -> None:
    kitchen, flights = Kitchen(), Flights[str, str]()

    async def tea() -> str:
        return "tea"

    flights.start("pho", kitchen.cook)
    assert await flights.join("tea", tea) == "tea"
    kitchen.is_ready.set()


async def test_who_goes_away_does_not_end_what_others_wait_for() -> None:
    kitchen, flights = Kitchen(), Flights[str, str]()
    first, second = (asyncio.create_task(flights.join("pho", kitchen.cook)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    kitchen.is_ready.set()
    assert await second == "phở 1"


async def test_a_failure_reaches_all_who_wait_and_is_not_remembered() -> None:
    kitchen, flights = Kitchen(), Flights[str, str]()
    kitchen.burns = True
    kitchen.is_ready.set()
    outcomes = await asyncio.gather(*(flights.join("pho", kitchen.cook) for _ in range(3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["burnt"] * 3
    kitchen.burns = False
    assert await flights.join("pho", kitchen.cook) == "phở 2"
    assert kitchen.cooked == 2


async def test_a_failure_that_nobody_waits_for_is_no_complaint() -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    kitchen, flights = Kitchen(), Flights[str, str]()
    kitchen.burns = True
    kitchen.is_ready.set()
    await asyncio.wait({flights.start("pho", kitchen.cook)})
    await asyncio.sleep(0)
    del flights
    assert complaints == []
