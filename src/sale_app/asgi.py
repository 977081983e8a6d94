"""An ASGI application under uvicorn: exit code 0 when it was told to stop, 1 when it cannot listen."""

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from sale_adapters.web.stream.messages import MAX_MESSAGE

_GRACE_SECONDS = 10
_LONGEST_HEAD = 32 * 1024
_FLUSH_SECONDS = 15.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, or end the process with exit code 1 and a sentence."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}")


async def serve(
    app: Any,  # noqa: ANN401 - any ASGI
    listening: socket.socket,
    *,
    log_level: str = "warning",
    farewell: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve until the process is told to stop; then `farewell` comes first, and requests under way are finished."""
    await server(app, log_level=log_level, farewell=farewell).serve(sockets=[listening])


def server(
    app: Any,  # noqa: ANN401 - any ASGI
    *,
    log_level: str = "warning",
    farewell: Callable[[], Awaitable[None]] | None = None,
) -> uvicorn.Server:
    """Return a server that does not serve yet."""
    config = uvicorn.Config(
        app,
        log_level=log_level,
        access_log=False,
        server_header=False,
        # Other parsers have no limit. A head that comes in pieces ends here; one that comes at once in `RequestLimits`.
        http="h11",
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        # The stream has heartbeats of its own, and frames that are too small to be worth compressing.
        ws=WebSocketWithAnEnd,
        ws_max_size=MAX_MESSAGE,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
    )
    return _Server(config, farewell)


class WebSocketWithAnEnd(WebSocketsSansIOProtocol):
    """A socket whose client reads nothing more: uvicorn would wait for ever until the rest of it is taken."""

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Give the client some time to take the rest."""
        super().on_task_complete(task)
        self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)


class _Server(uvicorn.Server):
    """Being told to stop is a good end; uvicorn would die of the signal after all."""

    def __init__(self, config: uvicorn.Config, farewell: Callable[[], Awaitable[None]] | None) -> None:
        super().__init__(config)
        self._farewell = farewell

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._farewell:
            await self._farewell()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
