"""TCP ports of 127.0.0.1 that are free, and stay the same from start to start if they can."""

import json
import random
import socket
from pathlib import Path

# Below the range that systems give to outgoing connections: nobody takes a port between choice and use by accident.
_CANDIDATES = range(20_000, 30_000)


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
    """Choose `count` different free ports."""
    shuffled = random.SystemRandom().sample(_CANDIDATES, len(_CANDIDATES))
    chosen: list[int] = []
    for port in shuffled:
        if len(chosen) == count:
            break
        if is_free(port):
            chosen.append(port)
    assert len(chosen) == count, "no free port left"
    return tuple(chosen)


def kept_ports(file: Path, count: int) -> tuple[int, ...]:
    """Choose the ports that `file` remembers when all are free, else new ones, which it then remembers."""
    if file.exists():
        kept = tuple(int(port) for port in json.loads(file.read_text()))
        if len(kept) == count and all(map(is_free, kept)):
            return kept
    ports = free_ports(count)
    file.write_text(json.dumps(ports))
    return ports
