"""When to ask again: pauses of our own with full jitter, and what whoever was asked says himself (Retry-After).

`backoff` is no longer maintained upstream: this is the only module that knows it, and it uses nothing but its figures
(exponential growth, full jitter), since its decorators sleep and read the time on their own.
"""

import math
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

import attrs
import backoff

LONGEST_RETRY_AFTER_SECONDS = 60.0
"""Whoever is asked may want more, but nobody is told to go away for longer."""


@attrs.frozen(kw_only=True)
class Retries:
    """How often a call is tried again, and how long the pauses are: random between 0 and a doubling bound."""

    count: int = 3
    first_seconds: float = 0.1
    longest_seconds: float = 1.0
    jitter: Callable[[float], float] = backoff.full_jitter

    def pauses(self) -> list[float]:
        """Draw the pauses before the retries, in seconds."""
        bounds = backoff.expo(factor=self.first_seconds, max_value=self.longest_seconds)
        next(bounds)  # backoff's generators yield nothing of use at first
        return [self.jitter(next(bounds)) for _ in range(self.count)]


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """Return how long one is asked to stay away: seconds, or a time from which the same answer's Date is subtracted."""
    asked = headers.get("retry-after", "")
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        until, now = (parsedate_to_datetime(headers[name]) for name in ("retry-after", "date"))
        return max(0.0, (until - now).total_seconds())
    except (KeyError, ValueError, TypeError, OverflowError):
        return 0.0


def whole_seconds(after: float) -> int:
    """Return what a caller is told to wait: at least a second, and never for long."""
    return math.ceil(min(max(after, 1.0), LONGEST_RETRY_AFTER_SECONDS))
