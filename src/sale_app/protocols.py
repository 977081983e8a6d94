"""What uvicorn's protocols lack: bounds for a request's head, and an end, a bound and a short way out for sockets."""

import asyncio
import socket
import sys

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from sale_adapters.web.stream.outlet import OUTLET

PATIENCE_SECONDS = 10.0
"""How long a client may take for a request's line and headers, or for a body that is answered already."""
_MOST_AHEAD = 16
"""Requests of one connection that may wait for the answers to earlier ones."""
_LONGEST_HEAD = 32 * 1024
_FLUSH_SECONDS = 15.0
_SEND_BUFFER = 64 * 1024
"""What the kernel may hold for a client that does not read, in bytes; by itself it takes megabytes."""


class BoundedHttp(HttpToolsProtocol):
    """What the fast parser lacks (docs/decisions/0021): bounds for whoever means ill, or has gone.

    A head that comes in pieces ends here, and so does what comes between and behind the pieces of a body; a head that
    comes at once ends in `RequestLimits`. What came in one read may be more. Who is slow with a head, with the rest of
    a body that nobody reads any more, or with taking his answer, keeps a place only for a while. Requests may come
    before the answers of earlier ones, a few of them.
    """

    _unframed = 0
    """Bytes that have come since the last whole head or piece of a body."""
    _in_head = False
    _in_body = False
    _read = b""
    """What came last."""
    _put_off = False
    """Whether the head that is whole asks for another protocol, and is to be read again without that."""
    _patience: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wait for a head, but not for ever."""
        super().connection_made(transport)
        self._be_patient()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, and turn away who goes on without end."""
        self._unframed += len(data)
        self._read = data
        super().data_received(data)
        if self._unframed > _LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        self._in_head = True
        self._be_patient()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a field of the head; what comes behind a body is none, whatever it is called (RFC 9110, 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to count anew.

        Raises:
            TooManyAhead: so many wait already; the parser turns it into the end of the connection.
        """
        self._unframed = 0
        self._in_head, self._in_body = False, True
        self._stop_waiting()
        if len(self.pipeline) >= _MOST_AHEAD:
            raise TooManyAhead
        # A tunnel's address is no URL of ours: uvicorn refuses it, and ends the connection.
        wants_more = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        self._put_off = wants_more and not self._should_upgrade()
        if not self._put_off:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Begin to count anew."""
        self._unframed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew."""
        self._unframed = 0
        self._in_body = False
        self._stop_waiting()
        if not self._put_off:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the rest of a body that was answered before its end, but not for ever."""
        if self._in_body:
            self._be_patient()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for a client that does not take its answer, but not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting for it."""
        if self._stalled is not None:
            self._stalled.cancel()
        super().resume_writing()

    def _should_upgrade(self) -> bool:
        """Let nothing but a GET without a body become a socket; any other is a request like all."""
        named = {name for name, _ in self.headers}
        has_body = bool(named & {b"content-length", b"transfer-encoding"})
        return self.parser.get_method() == b"GET" and not has_body and super()._should_upgrade()

    def _unsupported_upgrade_warning(self) -> None:
        """Ignore that a client would rather speak another protocol (RFC 9110, 7.8).

        llhttp takes such a request to be without a body, but Java's own client says Upgrade: h2c with its first one,
        and a payment's body must not be lost. So the head is read once more without that.
        """
        asked = sys.exc_info()[1]  # uvicorn calls this where it catches it; it says where the head has ended
        assert isinstance(asked, httptools.HttpParserUpgrade)
        fields = [b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        line = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        head = b"".join([line, *fields, b"\r\n"])
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        self.data_received(head + self._read[asked.args[0] :])

    def _be_patient(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(PATIENCE_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class TooManyAhead(Exception):
    """A client asks on and on without waiting for answers."""


class StreamProtocol(WebSocketsSansIOProtocol):
    """What uvicorn's sockets lack: an end, a bound, and an `Outlet` for frames that are ready."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the kernel hold little, so that it is soon felt when a client does not read."""
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        super().connection_made(transport)

    async def run_asgi(self) -> None:
        """Offer the short way out."""
        self.scope["extensions"][OUTLET] = {OUTLET: self}
        await super().run_asgi()

    @property
    def takes_more(self) -> bool:
        """See `Outlet`."""
        return self.writable.is_set() and not self.close_sent and not self.transport.is_closing()

    def write(self, frames: bytes) -> None:
        """See `Outlet`."""
        self.transport.write(frames)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Give the client some time to take the rest; uvicorn would wait for ever."""
        super().on_task_complete(task)
        self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)
