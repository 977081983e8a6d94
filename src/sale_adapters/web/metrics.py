"""What HTTP tells of its work to whoever counts it, and where the counts are read."""

from typing import Protocol

from starlette.types import Scope

from sale_adapters.wire.problems import BUG
from sale_domain.errors import SaleError, Unavailable

OPERATION, CODE, WHY = "sale.operation", "sale.code", "sale.why"
"""Where a request's scope says which operation it asks for, what came of it, and what only the log tells of that."""

OK, REPLAYED, CLIENT_GONE = "ok", "replayed", "client-gone"
"""What came of a command when it is no problem's code."""

_LONGEST_WHY = 500
_ERROR = 400
_SERVER_ERROR = 500


class Metrics(Protocol):
    """Whoever counts. Nothing of this raises; labels are never ids, so that their number stays bounded."""

    def answered(self, operation: str, *, status: int, seconds: float) -> None:
        """Hear of a request; `none` asks for no operation, status 0 is a connection lost before the answer began."""

    def commanded(self, command: str, *, code: str) -> None:
        """Hear what came of a caller's command: `ok`, `replayed`, `client-gone` or a problem's code."""

    def payment_told(self, outcome: str) -> None:
        """Hear what came of a webhook: contract §6's outcome, `refused`, `unavailable`, `failed`, or the boundary's."""

    def stream_opened(self) -> None:
        """Hear of a new socket."""

    def stream_closed(self, code: str) -> None:
        """Hear of a socket's end: the code that it was closed with, or `client` when the other side left."""

    def frames_sent(self, count: int) -> None:
        """Hear of frames that were handed to a socket."""

    def stream_resynced(self) -> None:
        """Hear of a socket that was told to read again what it missed."""

    async def exposition(self) -> tuple[str, bytes]:
        """Return the counts as text, and its content type."""


class NoMetrics:
    """Count nothing."""

    def answered(self, operation: str, *, status: int, seconds: float) -> None:
        """See `Metrics`."""

    def commanded(self, command: str, *, code: str) -> None:
        """See `Metrics`."""

    def payment_told(self, outcome: str) -> None:
        """See `Metrics`."""

    def stream_opened(self) -> None:
        """See `Metrics`."""

    def stream_closed(self, code: str) -> None:
        """See `Metrics`."""

    def frames_sent(self, count: int) -> None:
        """See `Metrics`."""

    def stream_resynced(self) -> None:
        """See `Metrics`."""

    async def exposition(self) -> tuple[str, bytes]:
        """See `Metrics`."""
        return "text/plain; charset=utf-8", b""


def note(scope: Scope, refused: SaleError | str) -> None:
    """Remember what came of a request, for when it is counted; the last word holds."""
    scope[CODE] = refused if isinstance(refused, str) else refused.code
    scope[WHY] = str(refused)[:_LONGEST_WHY] if isinstance(refused, Unavailable) else None


def count(metrics: Metrics, scope: Scope, *, status: int, seconds: float) -> None:
    """Count a request that has ended."""
    operation = scope.get(OPERATION)
    metrics.answered(operation.name if operation else "none", status=status, seconds=seconds)
    if operation is not None and operation.is_command:
        metrics.commanded(operation.name, code=_code(scope, status))


def _code(scope: Scope, status: int) -> str:
    if status >= _SERVER_ERROR and CODE not in scope:
        return BUG.code
    unnamed = OK if 0 < status < _ERROR else CLIENT_GONE
    return str(scope.get(CODE, unnamed))
