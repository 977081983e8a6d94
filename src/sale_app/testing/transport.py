"""Httpx without async and without a network: each request runs the application to its end."""

import asyncio
from typing import Any

import httpx


class InProcess(httpx.BaseTransport):
    """Reach an ASGI application from an ordinary `httpx.Client`; not from within a running event loop."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - any ASGI application
        self._asgi = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport`."""
        return asyncio.run(self._answered(request))

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        answer = await self._asgi.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())
