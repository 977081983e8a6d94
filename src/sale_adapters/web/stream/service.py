"""All sockets of a process: how many there may be, and how they end together."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from sale_adapters.web.metrics import Metrics, NoMetrics
from sale_adapters.web.stream.conversation import Code, StreamLimits
from sale_adapters.web.stream.socket import StreamParts, StreamSocket
from sale_adapters.web.stream.tail import FeedTail
from sale_domain.sale import Sale

_BUGS = logging.getLogger("sale.bugs")
FAREWELL_SECONDS = 3.0


class Stream:
    """The stream as an ASGI application for WebSockets."""

    def __init__(
        self,
        sale: Sale,
        *,
        tail: FeedTail,
        limits: StreamLimits | None = None,
        metrics: Metrics | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Serve nobody yet.

        Args:
            sale: Says who may see what.
            tail: What is committed.
            limits: What sockets are granted.
            metrics: Counts; None counts nothing.
            monotonic: Seconds that never go back.
        """
        self._parts = StreamParts(
            sale=sale,
            tail=tail,
            limits=limits or StreamLimits(),
            metrics=metrics or NoMetrics(),
            monotonic=monotonic,
        )
        self._sockets: dict[StreamSocket, None] = {}
        """The oldest first."""
        self._ending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket to its end."""
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        socket = StreamSocket(websocket, self._parts)
        if self._ending:
            socket.close(Code.RESTART, "The server stops; connect again.")
        elif len(self._sockets) >= self._parts.limits.clients:
            # Who has proved nothing takes no place from who may; a screen proves itself within moments.
            strangers = (known for known in self._sockets if known.is_stranger)
            next(strangers, socket).close(Code.OVERLOADED, "There are too many sockets; try again later.")
        self._sockets[socket] = None
        self._parts.metrics.stream_opened()
        code = str(Code.BUG.value)
        try:
            code = await socket.run()
        except Exception:  # noqa: BLE001 - the outermost frame of a socket: whatever was not foreseen
            _BUGS.exception("bug in a stream")
            with suppress(RuntimeError, WebSocketDisconnect):
                await websocket.close(Code.BUG.value, "Something went wrong here; it has been logged.")
        finally:
            del self._sockets[socket]
            self._parts.metrics.stream_closed(code)

    async def close(self) -> None:
        """End every socket, so that its client goes to another replica; new ones are turned away from now on."""
        self._ending = True
        for socket in self._sockets:
            socket.close(Code.RESTART, "The server stops; connect again, and go on with since.")
        deadline = self._parts.monotonic() + FAREWELL_SECONDS
        while self._sockets and self._parts.monotonic() < deadline:  # noqa: ASYNC110 - each socket ends by itself
            await asyncio.sleep(0.02)
