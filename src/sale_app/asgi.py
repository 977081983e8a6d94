"""An ASGI application under uvicorn: exit code 0 when it was told to stop, 1 when it cannot listen."""

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

_GRACE_SECONDS = 10
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, or end the process with exit code 1 and a sentence."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}")


async def serve(app: Any, listening: socket.socket, *, log_level: str = "warning") -> None:  # noqa: ANN401 - any ASGI
    """Serve until the process is told to stop; requests under way are finished."""
    config = uvicorn.Config(
        app, log_level=log_level, access_log=False, server_header=False, timeout_graceful_shutdown=_GRACE_SECONDS
    )
    await _Server(config).serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Being told to stop is a good end; uvicorn would die of the signal after all."""

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
