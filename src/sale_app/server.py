"""The HTTP processes: `sale serve` and `sale sandbox`, each a uvicorn that stops gracefully on SIGTERM."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import uvicorn

from sale_adapters.sandbox import IdentitySettings, create_sandbox
from sale_adapters.web import create_app
from sale_app.composition import compose
from sale_app.settings import Settings, variable

_GRACE_SECONDS = 10


def run_server(settings: Settings) -> None:
    """Serve the HTTP API until the process is told to stop."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with compose(settings) as service:
        app = create_app(service.sale, readiness=service.readiness)
        await _server(app, host=settings.http_host, port=settings.http_port).serve()


def run_sandbox(*, host: str, port: int, webhook_url: str, environment: Mapping[str, str]) -> None:
    """Play the sister services until the process is told to stop; tokens fit Sale's own settings where they are set."""
    usual = IdentitySettings()
    settings = IdentitySettings(
        issuer=environment.get(variable("jwt_issuer"), usual.issuer),
        audience=environment.get(variable("jwt_audience"), usual.audience),
        client_id=environment.get(variable("client_id"), usual.client_id),
        client_secret=environment.get(variable("client_secret"), usual.client_secret),
    )
    app = create_sandbox(webhook=webhook_url, settings=settings)
    # A sister that plays dead breaks connections, and uvicorn would print a traceback for each.
    asyncio.run(_server(app, host=host, port=port, log_level="critical").serve())


def _server(app: Any, *, host: str, port: int, log_level: str = "warning") -> uvicorn.Server:  # noqa: ANN401 - any ASGI
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level=log_level,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
