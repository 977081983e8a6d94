"""What a look at a part found."""

import socket
import ssl
from enum import Enum

import attrs

PATIENCE_SECONDS = 5


class Verdict(Enum):
    """How a part is; what is not good or to be minded keeps some process from its work."""

    GOOD = "good"
    MIND = "mind"
    NOT_WELL = "not well"
    NOT_REACHABLE = "not reachable"


@attrs.frozen
class Seen:
    """A part that does its work.

    Attributes:
        mind: What it does and somebody may not want, if there is such a thing.
    """

    words: str
    mind: str | None = None


class NotWell(Exception):
    """A part is reachable, but not as it must be; the message says what is wrong and what to do."""


class NotReachable(Exception):
    """Nobody answers; the message says why."""


def unreachable(error: BaseException) -> NotReachable:
    """Return an error of the network in plain words: what lies deepest tells most."""
    deepest = error
    while (under := deepest.__cause__ or deepest.__context__) is not None:
        deepest = under
    return NotReachable(_words(deepest) or " ".join(str(error).split()) or type(error).__name__)


def _words(error: BaseException) -> str | None:
    match error:
        case TimeoutError():
            return f"no answer within {PATIENCE_SECONDS} s (a firewall or a network policy may swallow it)"
        case socket.gaierror():
            return "no such host name"
        case ConnectionRefusedError():
            return "nobody listens there"
        case ssl.SSLCertVerificationError():
            return f"its certificate cannot be trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"it does not speak TLS as we do: {error.reason}"
        case _:
            return None
