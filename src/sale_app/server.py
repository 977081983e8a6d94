"""The `sale serve` process."""

import asyncio
import logging
import socket

from sale_adapters.web import create_app
from sale_adapters.web.board import BoardSetup, Named
from sale_adapters.web.calls import Readiness
from sale_adapters.web.limits import Limits
from sale_adapters.web.stream import Stream, StreamLimits
from sale_app.asgi import listen, serve
from sale_app.composition import compose
from sale_app.logs import start_logging
from sale_app.settings import Settings

_LOG = logging.getLogger("sale.serve")


def run_server(settings: Settings) -> None:
    """Serve the HTTP API until the process is told to stop."""
    start_logging(settings.log_level)
    asyncio.run(_serve(settings, listen(settings.http_host, settings.http_port)))


async def _serve(settings: Settings, listening: socket.socket) -> None:
    async with compose(settings) as service:
        limits = StreamLimits(clients=settings.stream_clients, resume=settings.stream_resume)
        stream = Stream(service.sale, tail=service.tail, limits=limits, metrics=service.metrics)
        board = _board(settings)
        app = create_app(
            service.sale,
            readiness=service.readiness,
            metrics=service.metrics,
            stream=stream,
            board=board,
            limits=_limits(settings),
        )
        telling = asyncio.create_task(tell_what_lacks(service.readiness))
        try:
            await serve(app, listening, farewell=stream.close)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)


async def tell_what_lacks(readiness: Readiness) -> None:
    """Say at once what `/readyz` says too: requests are answered with 503 until it is there."""
    for part, lack in (await readiness()).items():
        if lack is not None:
            _LOG.warning("not ready: the %s %s", part, lack)


def _limits(settings: Settings) -> Limits:
    return Limits(
        request_seconds=settings.request_timeout_ms / 1000,
        rate_per_second=settings.rate_limit,
        rate_burst=settings.rate_burst,
    )


def _board(settings: Settings) -> BoardSetup:
    def named(pairs: tuple[tuple[str, str], ...]) -> tuple[Named, ...]:
        return tuple(Named(id=known, name=name) for known, name in pairs)

    return BoardSetup(
        sign_in_url=settings.board_sign_in_url,
        pay_url=settings.board_pay_url,
        channels=named(settings.board_channels),
        items=named(settings.board_items),
        units=named(settings.board_units),
    )
