"""An ASGI application under uvicorn: exit code 0 when it was told to stop, 1 when it cannot listen."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import uvicorn

from sale_adapters.web.stream.messages import MAX_MESSAGE
from sale_app.protocols import BoundedHttp, StreamProtocol
from sale_app.stopping import told_to_stop

GRACE_SECONDS = 10
"""How long requests under way may take, once nobody new is let in, where none of them has a limit of its own."""

KEEP_ALIVE_SECONDS = 75
"""How long a connection without requests is kept: longer than proxies keep theirs, usually 60 seconds, or one could
send a request down a connection that is just being closed, and its caller would never know what became of it."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, or end the process with exit code 1 and a sentence.

    What it accepts sends at once: an answer is written in two parts, and the second would wait until the client has
    confirmed the first, for which it takes up to 40 ms. (asyncio sees to that only where a socket names its protocol.)
    """
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}")
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def _nothing() -> None:
    pass


@attrs.frozen(kw_only=True)
class Ending:
    """What comes between being told to stop and the end.

    Attributes:
        told: Called at once.
        drain_seconds: How long to go on as before, while whoever sends requests learns that it is to send no more.
        farewell: Then nobody is accepted any more, this is awaited, and requests under way are finished.
        grace_seconds: How long those may take. What is cut is told nothing that anybody has promised, so let it be
            more than any of them is given.
    """

    told: Callable[[], object] = lambda: None
    drain_seconds: float = 0.0
    farewell: Callable[[], Awaitable[None]] = _nothing
    grace_seconds: int = GRACE_SECONDS


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
    ending = ending or Ending()
    config = uvicorn.Config(
        app,
        # Its loggers speak through ours: one line an entry, and nothing that has to stay secret.
        log_config=None,
        log_level=log_level,
        access_log=False,
        server_header=False,
        # Whose word about a client's address counts is for the webhook's boundary to decide, not for a default.
        proxy_headers=False,
        http=BoundedHttp,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=ending.grace_seconds,
        # The stream has heartbeats of its own, and frames that are too small to be worth compressing.
        ws=StreamProtocol,
        ws_max_size=MAX_MESSAGE,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
    )
    return _Server(config, ending)


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
