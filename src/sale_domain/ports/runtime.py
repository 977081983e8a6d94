"""Time and chance, given from outside so that tests own them."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""


class Ids(Protocol):
    """Where new ids come from."""

    def new(self, bucket: int) -> str:
        """Return an id that was never there before, later ones sorting after earlier ones of this process."""


class Alarm(Protocol):
    """Whoever wakes those that poll: the relay, and the live screens of other replicas."""

    def ring(self) -> None:
        """Say that there is work; return at once and never fail. A call that gets lost costs a poll."""
