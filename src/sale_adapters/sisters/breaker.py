"""A circuit breaker: a sister that keeps failing is left alone for a while, then tried by one call."""

from collections.abc import Callable
from enum import Enum

import attrs


class BreakerState(Enum):
    """Whether calls pass; the values are stable, for metrics."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@attrs.define(kw_only=True)
class Breaker:
    """Count failed calls in a row and open after ``failures`` of them, for ``rest_seconds``.

    Then one call, the probe, passes: its outcome closes the breaker or opens it again.
    Each call that ``admit`` let through reports exactly once.
    """

    monotonic: Callable[[], float]
    failures: int = 5
    rest_seconds: float = 5.0
    _failed: int = attrs.field(default=0, init=False)
    _rests_until: float | None = attrs.field(default=None, init=False)
    _probing: bool = attrs.field(default=False, init=False)

    def state(self) -> BreakerState:
        """Tell whether the next call would pass, be refused, or be the probe."""
        if self._rests_until is None:
            return BreakerState.CLOSED
        if self._probing or self.monotonic() < self._rests_until:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN

    def rest_left_seconds(self) -> float:
        """Tell for how long no call will pass; 0 when the next one could."""
        return 0.0 if self._rests_until is None else max(0.0, self._rests_until - self.monotonic())

    def admit(self) -> "Admission | None":
        """Let a call pass, as the probe when it is time for one; None refuses it."""
        state = self.state()
        if state is BreakerState.OPEN:
            return None
        self._probing = state is BreakerState.HALF_OPEN
        return Admission(breaker=self, is_probe=self._probing)

    def report(self, admission: "Admission", *, succeeded: bool | None) -> None:
        """Take the outcome of an admitted call; None when it says nothing about the sister (cancelled, say).

        Once open, only the probe's outcome counts: what began before is old news.
        """
        if admission.is_probe:
            self._probing = False
        elif self._rests_until is not None:
            return
        if succeeded:
            self._failed, self._rests_until = 0, None
        elif succeeded is not None:
            self._failed += 1
            if self._failed >= self.failures:
                self._rests_until = self.monotonic() + self.rest_seconds


@attrs.frozen(kw_only=True)
class Admission:
    """A call that the breaker let pass."""

    breaker: Breaker
    is_probe: bool

    def succeeded(self) -> None:
        """Report that the sister answered."""
        self.breaker.report(self, succeeded=True)

    def failed(self) -> None:
        """Report that the sister did not answer, or with a 5xx."""
        self.breaker.report(self, succeeded=False)

    def abandoned(self) -> None:
        """Report that nothing was learnt; a probe's place is free again."""
        self.breaker.report(self, succeeded=None)
