"""Ask several sisters at once, and fail as one."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


async def concurrently(questions: Iterable[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """Await all of them, in any order; the first failure cancels the others and is raised itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(question) for question in questions]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
