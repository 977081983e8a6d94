"""The protocol of one socket as a state machine without clock or socket: who may say what when, and when it ends."""

from datetime import datetime
from enum import Enum

import attrs

from sale_adapters.web.stream.messages import (
    HEARTBEAT,
    MAX_MESSAGE,
    Authenticate,
    ClientMessage,
    Connected,
    Heartbeat,
    Subscribe,
    read_message,
    told,
)
from sale_adapters.wire.problems import problem_of
from sale_adapters.wire.refusals import InvalidInput
from sale_domain.errors import SaleError
from sale_domain.permissions import Principal
from sale_domain.port_errors import Unauthenticated

_MOST_UNREAD = 100
"""Answers that wait to be sent; only who does not read them has so many."""


class Code(Enum):
    """Why a socket is closed: RFC 6455's codes, and those of contract §8."""

    NO_TEXT = 1003
    BUG = 1011
    RESTART = 1012
    OVERLOADED = 1013
    TOO_LATE = 4001
    SILENT = 4002
    REFUSED = 4003


CODES = {
    Code.NO_TEXT.value: "A binary message: only text is understood.",
    1007: "Text that is not UTF-8.",
    1009: f"A message of more than {MAX_MESSAGE} bytes.",
    Code.BUG.value: "A bug of ours; it has been logged.",
    Code.RESTART.value: "The server stops: connect again at once, and go on with `since`.",
    Code.OVERLOADED.value: "Too many sockets, a client that cannot keep up, or nobody who can check tokens or read the "
    "feed now: connect again after a while.",
    Code.TOO_LATE.value: "No `authenticate` in time.",
    Code.SILENT.value: "Nothing was heard of the client for too long.",
    Code.REFUSED.value: "The token proves nothing, does not name the merchant, or has expired: get another one first.",
}
"""Everything that Sale closes a socket with."""


@attrs.frozen
class Close:
    """The end of a socket; the reason is for people, and has at most 123 bytes."""

    code: Code
    reason: str


@attrs.frozen(kw_only=True)
class StreamLimits:
    """What a process grants its sockets.

    Attributes:
        clients: How many sockets there may be.
        resume: How far back `since` may lie, in changes of the merchant.
        authenticate_seconds: How long a new socket may stay unknown.
        heartbeat_seconds: How often the server gives a sign of life.
        silence_seconds: After so long without a word from the client it is gone.
        stalled_seconds: How long one frame may take to be sent.
        recovery_seconds: Who falls behind again so soon after a resync cannot keep up.
    """

    clients: int = 2_000
    resume: int = 10_000
    authenticate_seconds: float = 5.0
    heartbeat_seconds: float = 30.0
    silence_seconds: float = 90.0
    stalled_seconds: float = 30.0
    recovery_seconds: float = 60.0


class Conversation:
    """One socket. Times are seconds of any clock that never goes back.

    Attributes:
        principal: Who is connected; None until the token was good.
        closing: Set once it is decided that the socket ends; the rest of what is heard counts no more.
    """

    def __init__(self, *, limits: StreamLimits, now: float, request_id: str | None = None) -> None:
        """Begin: the client has to say who it is; problems carry the request id of the handshake."""
        self._request_id = request_id
        self.principal: Principal | None = None
        self.closing: Close | None = None
        self._limits = limits
        self._unread: list[str] = []
        self._authenticate_until = now + limits.authenticate_seconds
        self._silent_at = now + limits.silence_seconds
        self._heartbeat_at = now + limits.heartbeat_seconds
        self._expires_at = float("inf")

    @property
    def due(self) -> float:
        """Return when `tick` has something to do."""
        if self.principal is None:
            return self._authenticate_until
        return min(self._silent_at, self._heartbeat_at, self._expires_at)

    def hear(self, message: str | bytes, *, now: float) -> Authenticate | Subscribe | None:
        """Take in what the client says; return what is to be done about it, if that is not done already."""
        self._silent_at = now + self._limits.silence_seconds
        self.tick(now=now)
        if self.closing:
            return None
        if isinstance(message, bytes):
            self.close(Code.NO_TEXT, "Only text is understood here.")
            return None
        try:
            return self._wanted(read_message(message))
        except SaleError as error:
            self.refuse(error)
            return None

    def welcome(self, principal: Principal, *, connection_id: str, at: datetime, now: float) -> None:
        """Let the client in until its token expires; `at` is the present time of day."""
        if principal.expires_at is not None:
            self._expires_at = now + (principal.expires_at - at).total_seconds()
        if self._expires_at <= now:
            self.close(Code.REFUSED, "The token has expired.")
            return
        self.principal = principal
        self.say(told("connected", Connected(id=connection_id, user_id=principal.user_id, time=at)))

    def refuse(self, error: SaleError) -> None:
        """Answer a problem; the socket goes on."""
        self.say(told("error", problem_of(error).body(self._request_id)))

    def say(self, text: str) -> None:
        """Have something sent before any further frame."""
        self._unread.append(text)
        if len(self._unread) > _MOST_UNREAD:
            self.close(Code.OVERLOADED, "The answers are not read.")

    def close(self, code: Code, reason: str) -> None:
        """Decide that the socket ends; the first decision holds."""
        self.closing = self.closing or Close(code, reason)

    def tick(self, *, now: float) -> None:
        """Do what is due."""
        if self.principal is None:
            if now >= self._authenticate_until:
                seconds = self._limits.authenticate_seconds
                self.close(Code.TOO_LATE, f"Say who you are within {seconds:g} s.")
        elif now >= self._expires_at:
            self.close(Code.REFUSED, "The token has expired.")
        elif now >= self._silent_at:
            self.close(Code.SILENT, f"Nothing was heard for {self._limits.silence_seconds:g} s.")
        elif now >= self._heartbeat_at:
            self._heartbeat_at = now + self._limits.heartbeat_seconds
            self.say(HEARTBEAT)

    def quiet(self, *, now: float) -> bool:
        """Tell whether nothing is to be said or done before a frame."""
        return not self._unread and self.closing is None and now < self.due

    def unread(self) -> list[str]:
        """Return what is to be sent now, once."""
        unread, self._unread = self._unread, []
        return unread

    def _wanted(self, message: ClientMessage) -> Authenticate | Subscribe | None:
        if isinstance(message, Heartbeat):
            return None
        if isinstance(message, Authenticate):
            if self.principal is not None:
                raise InvalidInput.at("/event", "was said before; connect again with another token")
            # In time; how long it takes to check is not the client's fault.
            self._authenticate_until = float("inf")
        if isinstance(message, Subscribe) and self.principal is None:
            raise Unauthenticated(reason="Say first who you are: authenticate.")
        return message
