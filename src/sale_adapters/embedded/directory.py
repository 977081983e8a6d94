"""A data directory has one user at a time, told by a lock that the operating system lets go of by itself."""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sale_adapters.embedded.errors import DirectoryInUse

# Long enough for the children of a killed process to follow it.
DYING_SECONDS = 15.0

_POLL_SECONDS = 0.05


def resolved(directory: Path) -> Path:
    """Return the absolute path; children run in directories of their own, where a relative one means another place."""
    return directory.resolve()


@asynccontextmanager
async def exclusive(path: Path, *, timeout_seconds: float = DYING_SECONDS) -> AsyncIterator[int]:
    """Hold an exclusive lock on the file `path`, making it and its directory, and yield its descriptor.

    A child that inherits the descriptor holds the lock on after the end of the context: a free lock
    then proves that the child, and every child of the child, is gone.

    Raises:
        DirectoryInUse: It was not free within the time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + timeout_seconds
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                owner = os.pread(descriptor, 32, 0).decode() or "unknown"
                raise DirectoryInUse(f"{path.parent} is in use by process {owner}: choose another data directory.")
            await asyncio.sleep(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
