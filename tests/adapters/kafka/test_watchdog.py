"""A call that never comes back ends the process, and says which it was."""

import queue
import subprocess
import sys

import pytest

from sale_adapters.kafka.watchdog import EXIT_STATUS, Watchdog

HANGS = """
import logging, time
from sale_adapters.kafka.watchdog import Watchdog

logging.basicConfig()
with Watchdog(limit_seconds=0.2).watching("A transaction"):
    time.sleep(60)
"""


def test_a_call_that_hangs_ends_the_whole_process_with_a_reason() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 - our own program
    assert ended.returncode == EXIT_STATUS
    assert "A transaction has not come back for 0.2 s" in ended.stderr


def test_a_call_that_comes_back_in_time_or_fails_ends_nothing() -> None:
    bites: queue.Queue[int] = queue.Queue()
    dog = Watchdog(limit_seconds=0.1, end=bites.put)
    with dog.watching("A transaction"):
        pass
    with pytest.raises(ConnectionError), dog.watching("A transaction"):
        raise ConnectionError
    with pytest.raises(queue.Empty):
        bites.get(timeout=0.3)
