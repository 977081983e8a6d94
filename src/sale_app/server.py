"""The `sale serve` process."""

import asyncio
import logging
import math
import os
import socket
import time
from collections.abc import Mapping, Sequence

import attrs

from sale_adapters.web import create_app
from sale_adapters.web.board import BoardSetup, Named
from sale_adapters.web.boundary import Boundary
from sale_adapters.web.calls import Readiness
from sale_adapters.web.limits import Limits
from sale_adapters.web.stream import Stream, StreamLimits
from sale_adapters.wire.tracing import Tracer
from sale_app.asgi import Ending, listen, serve
from sale_app.collecting import collect_seldom
from sale_app.composition import Service, compose
from sale_app.logs import start_logging
from sale_app.settings import Settings
from sale_app.telemetry import telemetry

_LOG = logging.getLogger("sale.serve")


def run_server(settings: Settings) -> None:
    """Serve the HTTP API until the process is told to stop."""
    start_logging(settings)
    listening = [listen(settings.http_host, settings.http_port)]
    if settings.webhook_port is not None:
        listening.append(listen(settings.webhook_host, settings.webhook_port))
    with telemetry(os.environ, process="serve") as tracer:
        asyncio.run(_serve(settings, listening, tracer))


async def _serve(settings: Settings, listening: Sequence[socket.socket], tracer: Tracer | None) -> None:
    async with compose(settings) as service:
        stream = _stream(settings, service)
        presence = Presence(service.readiness)
        app = create_app(
            service.sale,
            readiness=presence.readiness,
            metrics=service.metrics,
            stream=stream,
            board=_board(settings),
            boundary=_boundary(settings),
            limits=_limits(settings),
            webhook_port=None if settings.webhook_port is None else listening[-1].getsockname()[1],
            tracer=tracer,
        )
        ending = Ending(
            told=presence.leave,
            drain_seconds=settings.drain_seconds,
            farewell=stream.close,
            grace_seconds=grace_seconds(settings),
        )
        collect_seldom()
        telling = asyncio.create_task(tell_what_lacks(service.readiness))
        try:
            await serve(app, listening, ending=ending)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)


def grace_seconds(settings: Settings) -> int:
    """Return how long requests under way may take at the end: until each has its answer, late ones their own 503."""
    return math.ceil(settings.request_timeout_ms / 1000) + 1


@attrs.define
class Presence:
    """Whether this process is there for more requests: not when it lacks something, and not when it is leaving."""

    _readiness: Readiness
    _leaving: bool = attrs.field(init=False, default=False)
    _seen: Mapping[str, str | None] = attrs.field(init=False, factory=dict)
    _good_until: float = attrs.field(init=False, default=float("-inf"))
    _turn: asyncio.Lock = attrs.field(init=False, factory=asyncio.Lock)

    def leave(self) -> None:
        """Be there for nobody new from now on."""
        _LOG.info("told to stop")
        self._leaving = True

    async def readiness(self) -> Mapping[str, str | None]:
        """Tell why each part is not ready; None when it is. One look at a time, which is good for a second.

        Anybody may ask, and each look takes a database connection, in front of whoever waits for one.
        """
        if self._leaving:
            return {"process": "is stopping"}
        async with self._turn:
            if time.monotonic() >= self._good_until:
                self._seen = await self._readiness()
                self._good_until = time.monotonic() + 1.0
        return self._seen


async def tell_what_lacks(readiness: Readiness) -> None:
    """Say at once what `/readyz` says too: requests are answered with 503 until it is there."""
    for part, lack in (await readiness()).items():
        if lack is not None:
            _LOG.warning("not ready: the %s %s", part, lack)


def _stream(settings: Settings, service: Service) -> Stream:
    limits = StreamLimits(clients=settings.stream_clients, resume=settings.stream_resume)
    return Stream(service.sale, tail=service.tail, limits=limits, metrics=service.metrics)


def _boundary(settings: Settings) -> Boundary:
    return Boundary(
        networks=settings.webhook_networks, trusted_proxies=settings.trusted_proxies, secrets=settings.webhook_secrets
    )


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
