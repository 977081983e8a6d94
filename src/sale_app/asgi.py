"""An ASGI application under uvicorn: exit code 0 when it was told to stop, 1 when it cannot listen."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import attrs
import uvicorn
from h11 import LocalProtocolError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from sale_adapters.web.stream.messages import MAX_MESSAGE
from sale_adapters.web.stream.outlet import OUTLET
from sale_app.stopping import told_to_stop

_GRACE_SECONDS = 10
_LONGEST_HEAD = 32 * 1024
_FLUSH_SECONDS = 15.0
_SEND_BUFFER = 64 * 1024
"""What the kernel may hold for a client that does not read, in bytes; by itself it takes megabytes."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, or end the process with exit code 1 and a sentence."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}")


async def _nothing() -> None:
    pass


@attrs.frozen(kw_only=True)
class Ending:
    """What comes between being told to stop and the end.

    Attributes:
        told: Called at once.
        drain_seconds: How long to go on as before, while whoever sends requests learns that it is to send no more.
        farewell: Then nobody is accepted any more, this is awaited, and requests under way are finished.
    """

    told: Callable[[], object] = lambda: None
    drain_seconds: float = 0.0
    farewell: Callable[[], Awaitable[None]] = _nothing


async def serve(
    app: Any,  # noqa: ANN401 - any ASGI
    listening: Sequence[socket.socket],
    *,
    log_level: str = "warning",
    ending: Ending | None = None,
) -> None:
    """Serve until the process is told to stop, and then for as long as its ending takes."""
    await server(app, log_level=log_level, ending=ending).serve(sockets=list(listening))


def server(
    app: Any,  # noqa: ANN401 - any ASGI
    *,
    log_level: str = "warning",
    ending: Ending | None = None,
) -> uvicorn.Server:
    """Return a server that does not serve yet."""
    config = uvicorn.Config(
        Answerable(app),
        log_level=log_level,
        access_log=False,
        server_header=False,
        # Whose word about a client's address counts is for the webhook's boundary to decide, not for a default.
        proxy_headers=False,
        # Other parsers have no limit. A head that comes in pieces ends here; one that comes at once in `RequestLimits`.
        http="h11",
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        # The stream has heartbeats of its own, and frames that are too small to be worth compressing.
        ws=StreamProtocol,
        ws_max_size=MAX_MESSAGE,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
    )
    return _Server(config, ending or Ending())


class Answerable:
    """Tell the application that its client has gone when the server has answered in its place.

    That is what h11 does about a body that cannot be read; the answer that comes then is nobody's, and no bug.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        answered = False

        async def told(message: Message) -> None:
            nonlocal answered
            try:
                await send(message)
            except LocalProtocolError:
                answered = True
                raise ClientDisconnect from None

        with suppress(ClientDisconnect):
            await self._app(scope, receive, told)
        while answered and (await receive())["type"] != "http.disconnect":
            """The connection ends by itself; to return earlier would be taken for a bug."""


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


class _Server(uvicorn.Server):
    """Being told to stop is a good end; uvicorn would die of the signal after all."""

    def __init__(self, config: uvicorn.Config, ending: Ending) -> None:
        super().__init__(config)
        self._ending = ending

    def _stop(self) -> None:
        self._ending.told()
        asyncio.get_running_loop().call_later(self._ending.drain_seconds, self._exit)

    def _exit(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Whoever is said goodbye to comes back at once, and not to us.
        for listener in self.servers:
            listener.close()
        await self._ending.farewell()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with told_to_stop(self._stop):
            yield
