"""TCP ports of 127.0.0.1 that are free, and stay the same from start to start if they can."""

import fcntl
import json
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

# Below the range that systems give to outgoing connections: nobody takes a port between choice and use by accident.
_CANDIDATES = range(20_000, 30_000)
_chosen: set[int] = set()


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> tuple[int, ...]:
    """Choose `count` different free ports, which no other process of this user chooses while this one lives."""
    shuffled = random.SystemRandom().sample(_CANDIDATES, len(_CANDIDATES))
    chosen: list[int] = []
    for port in shuffled:
        if len(chosen) == count:
            break
        if port not in _chosen and is_free(port) and _claimed(port):
            chosen.append(port)
    assert len(chosen) == count, "no free port left"
    _chosen.update(chosen)
    return tuple(chosen)


def kept_ports(file: Path, count: int) -> tuple[int, ...]:
    """Choose the ports that `file` remembers when all are free, else new ones, which it then remembers."""
    if file.exists():
        kept = tuple(int(port) for port in json.loads(file.read_text()))
        if len(kept) == count and all(is_free(port) and _claimed(port) for port in kept):
            _chosen.update(kept)
            return kept
    ports = free_ports(count)
    file.write_text(json.dumps(ports))
    return ports


@cache
def _claims() -> int:
    """Open the file in which a locked byte is a claim on the port of that number.

    A port is chosen long before a server listens on it. The system lets go of the bytes when the process ends, or
    closes the file; they hold against other processes alone.
    """
    name = Path(tempfile.gettempdir()) / f"sale-ports-{os.geteuid()}"
    return os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _claimed(port: int) -> bool:
    """Claim a port for this process, unless another has."""
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    return True
