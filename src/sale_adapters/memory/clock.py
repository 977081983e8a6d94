"""A clock that stands still until it is told to go on."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """The `Clock` port for tests: the hour is theirs."""

    def __init__(self, at: datetime = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)) -> None:
        self._at = at

    def now(self) -> datetime:
        """See `Clock`."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Let time pass; a negative figure plays a clock that was set back."""
        self._at += timedelta(seconds=seconds)
