"""End the process when a call of the Kafka client that has no time limit of its own does not come back.

kafka-python's commit waits for ever, and so does its TLS handshake. A thread that hangs in them cannot be stopped, and
nothing would tell the outcome; a new process finds it out by reading the log, so dying is the safe way out.
"""

import logging
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

_LOG = logging.getLogger(__name__)
EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h: a supervisor starts the process again."""


class Watchdog:
    """Watches calls, each in the thread that makes it."""

    def __init__(self, *, limit_seconds: float = 45.0, end: Callable[[int], object] = os._exit) -> None:
        self._limit_seconds = limit_seconds
        self._end = end

    @contextmanager
    def watching(self, call: str) -> Generator[None]:
        """End the process if the block has not ended within the limit."""
        timer = threading.Timer(self._limit_seconds, self._bite, [call])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _bite(self, call: str) -> None:
        _LOG.critical(
            "%s has not come back for %s s; this process ends so that another can find out", call, self._limit_seconds
        )
        logging.shutdown()
        self._end(EXIT_STATUS)
