"""Looking at processes from outside, for tests that kill some."""

import asyncio
import time
from collections.abc import Callable

import psutil


def alive(pid: int) -> bool:
    """Say whether the process exists and is more than a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def family(pid: int) -> frozenset[int]:
    """Return the process and all that descend from it."""
    return frozenset({pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))})


async def eventually(happened: Callable[[], bool], *, within_seconds: float = 10.0) -> bool:
    """Wait until something has happened; false when the time was over first."""
    deadline = time.monotonic() + within_seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def none_alive(pids: frozenset[int]) -> Callable[[], bool]:
    """Return a question for `eventually`: are all of them gone?"""
    return lambda: not any(map(alive, pids))
