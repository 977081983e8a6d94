"""The `sale serve` process."""

import asyncio
import logging

from sale_adapters.web import create_app
from sale_app.asgi import server
from sale_app.composition import compose
from sale_app.settings import Settings


def run_server(settings: Settings) -> None:
    """Serve the HTTP API until the process is told to stop."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with compose(settings) as service:
        app = create_app(service.sale, readiness=service.readiness, metrics=service.metrics)
        await server(app, host=settings.http_host, port=settings.http_port).serve()
