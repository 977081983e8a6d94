"""Screens over real sockets: a client that notes what it is told and proves that nothing is missing."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import attrs
import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from sale_app.asgi import Ending, server

ORDERS = "observation/sale/sale-order"


@asynccontextmanager
async def serving(app: ASGIApp, *, farewell: Callable[[], Awaitable[None]] | None = None) -> AsyncGenerator[str]:
    """Serve an application on a free port of this event loop, as `sale serve` does; yield host and port."""
    ending = Ending(farewell=farewell) if farewell else Ending()
    async with running_on_a_free_port(server(app, log_level="critical", ending=ending)) as address:
        yield address


@asynccontextmanager
async def running_on_a_free_port(running: uvicorn.Server) -> AsyncGenerator[str]:
    """Run a server; yield host and port."""
    listening = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        yield "{}:{}".format(*listening.getsockname())
    finally:
        running.should_exit = True
        await task


@attrs.define(kw_only=True, eq=False)
class Screen:
    """One client.

    Attributes:
        seen: The `seq` of every frame, as they came.
        frames: The frames themselves.
        last: What the next frame's `prev` must be.
        resyncs: How often it was told to read again.
    """

    socket: ClientConnection
    seen: list[int] = attrs.field(factory=list)
    frames: list[dict[str, Any]] = attrs.field(factory=list)
    last: int = 0
    resyncs: int = 0

    async def say(self, event: str, **data: object) -> None:
        """Say something."""
        await self.socket.send(json.dumps({"event": event, "data": data}))

    async def hear(self, *, seconds: float = 20) -> dict[str, Any]:
        """Return what comes next; a frame is noted, and must continue the chain."""
        async with asyncio.timeout(seconds):
            said: dict[str, Any] = json.loads(await self.socket.recv())
        if "seq" in said:
            assert said["prev"] == self.last, f"{said} does not follow {self.last}"
            self.last = said["seq"]
            self.seen.append(said["seq"])
            self.frames.append(said)
        elif said["event"] == "subscribed":
            self.last = said["data"]["seq"]
        elif said["event"] == "resync":
            self.resyncs += 1
        return said

    async def hear_event(self, event: str) -> Any:  # noqa: ANN401 - any JSON
        """Return the data of what comes next, which must be this event."""
        said = await self.hear()
        assert said.get("event") == event, said
        return said["data"]

    async def subscribe(self, *topics: str, **options: object) -> int:
        """Subscribe and return where the chain begins."""
        await self.say("subscribe", topics=topics or (ORDERS,), **options)
        return int((await self.hear_event("subscribed"))["seq"])

    async def follow(self, until: int, *, seconds: float = 60) -> None:
        """Listen until the frame with this number is there."""
        async with asyncio.timeout(seconds):
            while not self.seen or self.seen[-1] < until:
                await self.hear(seconds=seconds)

    async def closed(self, *, seconds: float = 20) -> tuple[int, str]:
        """Wait until the socket is closed; return code and reason."""
        async with asyncio.timeout(seconds):
            with suppress(ConnectionClosed):
                while True:
                    await self.hear(seconds=seconds)
        assert self.socket.close_code is not None, "it is closed"
        return self.socket.close_code, self.socket.close_reason or ""


@asynccontextmanager
async def screen(
    address: str,
    *,
    token: str | None = "lan",  # noqa: S107 - a name in memory
    merchant: str = "merchant-1",
    receive_buffer: int | None = None,
) -> AsyncGenerator[Screen]:
    """Connect a screen; without a token it stays unknown."""
    url = f"ws://{address}/v1/api/sale/stream"
    host, _, port = address.partition(":")
    line = socket.create_connection((host, int(port)))
    if receive_buffer is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    async with connect(url, sock=line, compression=None, ping_interval=None, close_timeout=1) as opened:
        found = Screen(socket=opened)
        if token is not None:
            await found.say("authenticate", type="Bearer", token=token, merchantId=merchant)
            await found.hear_event("connected")
        yield found
