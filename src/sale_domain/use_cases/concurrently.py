"""Ask several sisters at once, and fail as one."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


AT_MOST = 16
"""How many questions of one command are under way at once: one large order must not look like a sister's failure."""


async def concurrently(questions: Iterable[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """Await all of them, a bounded number at once; the first failure cancels the others and is raised itself."""
    asking = list(questions)
    if len(asking) == 1:
        # As most commands do: nobody has to be cancelled for its sake.
        return [await asking[0]]
    places = asyncio.Semaphore(AT_MOST)

    async def asked(question: Coroutine[Any, Any, Answer]) -> Answer:
        try:
            async with places:
                return await question
        finally:
            question.close()  # one whose turn never came would warn that nobody awaited it

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asked(question)) for question in asking]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
