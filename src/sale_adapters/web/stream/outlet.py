"""The short way out: frames that are ready to be sent, for a client that takes them at once."""

from functools import lru_cache
from typing import Protocol

from starlette.types import Scope
from websockets.frames import Frame, Opcode

from sale_adapters.web.stream.lines import Line

OUTLET = "sale.outlet"
"""The ASGI extension that offers an `Outlet`, under its own name; a server may be without it."""

_SHARED = 256
"""Frames that are remembered: those that are just being shown to everybody."""


class Outlet(Protocol):
    """A WebSocket's own end, which takes bytes without anybody having to wait."""

    @property
    def takes_more(self) -> bool:
        """Tell whether the client keeps up, and the socket is not about to end."""

    def write(self, frames: bytes) -> None:
        """Send whole WebSocket frames as they are; only to one that takes more."""


def outlet_of(scope: Scope) -> Outlet | None:
    """Return what the server offers for a socket."""
    found: Outlet | None = scope.get("extensions", {}).get(OUTLET, {}).get(OUTLET)
    return found


@lru_cache(_SHARED)
def packed(line: Line, prev: int) -> bytes:
    """Return a change as a WebSocket frame: the same bytes for all who saw the same before it."""
    return bytes(Frame(Opcode.TEXT, line.frame(prev).encode()).serialize(mask=False))
