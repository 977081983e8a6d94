"""Ids from the machine's clock and the kernel's randomness."""

import os
import time
from collections.abc import Callable

from sale_domain.ids import new_id


class UlidIds:
    """The `Ids` port: ULIDs that only ever rise within this object, also when the clock stands still or is set back."""

    def __init__(self, *, milliseconds: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._milliseconds = milliseconds
        self._time = -1
        self._randomness = 0

    def new(self, bucket: int) -> str:
        """See `Ids`."""
        now = self._milliseconds()
        if now > self._time:
            # The top bit stays free, so that counting up within a millisecond can never overflow.
            self._time, self._randomness = now, int.from_bytes(os.urandom(10)) >> 1
        else:
            self._randomness += 1
        return new_id(milliseconds=self._time, randomness=self._randomness, bucket=bucket)
