"""A socket of the stream without a network: a client that is an ASGI server, and its own `Outlet`."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import attrs

from sale_adapters.web.stream import Stream
from sale_adapters.web.stream.outlet import OUTLET
from sale_app.composition import InMemorySale


@attrs.define(eq=False)
class Client:
    """The other side of a socket: what it is sent, and with what it was closed."""

    said: asyncio.Queue[dict[str, Any]] = attrs.field(factory=asyncio.Queue)
    heard: list[dict[str, Any]] = attrs.field(factory=list)
    closed: tuple[int, str] | None = None
    takes_more: bool = True
    written: list[bytes] = attrs.field(factory=list)

    def write(self, frames: bytes) -> None:
        """Note what is written past the writer: the client is its own `Outlet`."""
        self.written.append(frames)
        self.heard += [json.loads(text) for text in texts(frames)]

    def say(self, event: str, **data: object) -> None:
        """Say something."""
        self.said.put_nowait({"type": "websocket.receive", "text": json.dumps({"event": event, "data": data})})

    async def take(self, message: MutableMapping[str, Any]) -> None:
        """Note what the server does."""
        if message["type"] == "websocket.send":
            self.heard.append(json.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self.closed = message["code"], message["reason"]

    async def until_event(self, event: str) -> None:
        """Wait for it."""
        await until(lambda: any(said.get("event") == event for said in self.heard))

    @property
    def seen(self) -> list[int]:
        """Return the numbers of all frames."""
        return [said["seq"] for said in self.heard if "seq" in said]


def texts(frames: bytes) -> Iterator[bytes]:
    """Yield what is in WebSocket frames of 126 to 65 535 bytes, which is what changes are."""
    while frames:
        kind, form, length = struct.unpack_from("!BBH", frames)
        assert (kind, form) == (0x81, 126), "a whole text, with its length in two bytes, and without a mask"
        yield frames[4 : 4 + length]
        frames = frames[4 + length :]


async def until(happened: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.001)


@asynccontextmanager
async def connected(stream: Stream, *, token: str = "lan") -> AsyncIterator[Client]:  # noqa: S107 - a name in memory
    """Yield a client that was let in."""
    client = Client()
    client.said.put_nowait({"type": "websocket.connect"})
    client.say("authenticate", type="Bearer", token=token, merchantId="merchant-1")
    scope = {"type": "websocket", "headers": [], "extensions": {OUTLET: {OUTLET: client}}}
    serving = asyncio.create_task(stream(scope, client.said.get, client.take))
    try:
        await client.until_event("connected")
        yield client
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def expiring(shop: InMemorySale, *, seconds: float) -> str:
    """Return a token that ends so soon."""
    until_then = shop.clock.now() + timedelta(seconds=seconds)
    shop.tokens.issue("short", user_id="lan", roles=("cashier",), merchants=("merchant-1",), expires_at=until_then)
    return "short"
