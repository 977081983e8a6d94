"""The machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """The `Clock` port over the machine's clock."""

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)
