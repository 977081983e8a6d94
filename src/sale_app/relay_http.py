"""The relay's own listener: is it alive, has it begun, and its metrics, at the paths that serve has too."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sale_adapters.prometheus import RelayMetrics
from sale_adapters.web.limits import RequestLimits
from sale_adapters.web.replies import reply, response
from sale_adapters.wire.health import HealthBody, ReadinessBody
from sale_adapters.wire.places import BASE
from sale_adapters.wire.refusals import REACHABLE
from sale_app.asgi import GRACE_SECONDS
from sale_app.protocols import BoundedHttp

_REQUEST_SECONDS = 30.0
_LACKS_A_LAYOUT = "not agreed on yet: the log says whether database or Kafka is away"


def relay_app(metrics: RelayMetrics) -> Starlette:
    """Make the application: it answers for as long as the relay's loop turns, which is what alive means here."""

    async def healthz(_: Request) -> Response:
        return response(reply(HealthBody(status="alive")))

    async def readyz(_: Request) -> Response:
        begun = metrics.standing().shards > 0
        parts = {"layout": REACHABLE if begun else _LACKS_A_LAYOUT}
        body = ReadinessBody(status="ready" if begun else "not-ready", parts=parts)
        return response(reply(body, status=200 if begun else 503))

    async def exposition(_: Request) -> Response:
        content_type, text = metrics.exposition()
        return Response(text, headers={"content-type": content_type})

    paths = {"healthz": healthz, "readyz": readyz, "metrics": exposition}
    return Starlette(
        routes=[Route(f"{BASE}/{name}", endpoint, methods=["GET"]) for name, endpoint in paths.items()],
        middleware=[Middleware(RequestLimits, seconds=_REQUEST_SECONDS)],
    )


@asynccontextmanager
async def answering(app: Starlette, listening: socket.socket) -> AsyncGenerator[None]:
    """Answer until the block ends; the relay's signals are its own business."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        http=BoundedHttp,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _WithoutSignals(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _WithoutSignals(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
