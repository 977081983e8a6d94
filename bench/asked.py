"""What each part of the benchmark is asked, and how it says that it has failed."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TypeAlias

import attrs

from report import Figure


@attrs.frozen(kw_only=True)
class Asked:
    """How much is to be measured.

    Attributes:
        orders: How many orders there are, growing, where their number matters.
        rounds: How often a thing is measured, after one round that is thrown away.
        seconds: How long a round is.
        replicas: How many `sale serve` there are, where a part does not say it itself.
        screens: How many watch the live stream.
        everything: Whether there is time for what takes long.
    """

    orders: Sequence[int]
    rounds: int
    seconds: int
    replicas: int
    screens: int
    everything: bool


class PartFailed(Exception):
    """A part has found what must not be, or could not measure: one line for people."""


Part: TypeAlias = Callable[[Asked], AsyncGenerator[Figure]]
"""Yields figures as it finds them, with everything it needs started and ended by itself."""
