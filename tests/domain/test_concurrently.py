"""Several questions at once: bounded in number, and failing as one."""

import asyncio

import pytest

from sale_domain.order_errors import EmptyOrder
from sale_domain.use_cases.concurrently import AT_MOST, concurrently


async def test_answers_come_in_the_order_of_the_questions_and_never_too_many_are_under_way() -> None:
    under_way, most = 0, 0

    async def ask(number: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return number

    assert await concurrently(ask(number) for number in range(200)) == list(range(200))
    assert most == AT_MOST


async def test_the_first_failure_is_raised_itself_and_whoever_waited_for_a_turn_is_not_asked() -> None:
    asked: list[int] = []

    async def ask(number: int) -> None:
        asked.append(number)
        if number == 0:
            raise EmptyOrder
        await asyncio.Event().wait()

    with pytest.raises(EmptyOrder):
        await concurrently(ask(number) for number in range(200))

    # The failed one frees a place before the others hear of it.
    assert len(asked) <= AT_MOST + 1
