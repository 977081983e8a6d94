"""What processes have used of the processor, from /proc: it says something also where others use it too."""

import os
from collections.abc import Iterator
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return what a process and its children that have ended have used."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, used)) / _TICK


def family(pid: int) -> Iterator[int]:
    """Yield a process and its children."""
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(child)


def family_seconds(pid: int) -> float:
    """Return what a process and all its children have used."""
    total = 0.0
    for each in family(pid):
        try:
            total += cpu_seconds(each)
        except (FileNotFoundError, ProcessLookupError):
            # It has ended, and its parent has its figures by now.
            continue
    return total
