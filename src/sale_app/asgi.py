"""An ASGI application under uvicorn, which stops gracefully on SIGTERM."""

from typing import Any

import uvicorn

_GRACE_SECONDS = 10


def server(app: Any, *, host: str, port: int, log_level: str = "warning") -> uvicorn.Server:  # noqa: ANN401 - any ASGI
    """Return a server that is ready to `serve()`."""
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
