"""The `sale sandbox` process."""

import asyncio
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from sale_adapters.sandbox import IdentitySettings, create_sandbox
from sale_app.asgi import listen, serve
from sale_app.setting_fields import variable
from sale_app.setting_shapes import webhook_secrets


def run_sandbox(*, host: str, port: int, webhook_url: str, environment: Mapping[str, str]) -> None:
    """Play the sister services until the process is told to stop; tokens fit Sale's own settings where they are set."""
    usual = IdentitySettings()
    settings = IdentitySettings(
        issuer=environment.get(variable("jwt_issuer"), usual.issuer),
        audience=environment.get(variable("jwt_audience"), usual.audience),
        client_id=environment.get(variable("client_id"), usual.client_id),
        client_secret=environment.get(variable("client_secret"), usual.client_secret),
    )
    app = create_sandbox(
        webhook=webhook_url,
        webhook_secrets=_webhook_secrets(environment),
        settings=settings,
        origins=_origins(webhook_url),
    )
    # A sister that plays dead breaks connections, and uvicorn would print a traceback for each.
    listening = listen(host, port)
    sys.stdout.write(
        f"The sister services play at http://{host}:{port}; mq-pay delivers to {webhook_url}\n"
        f"client id {settings.client_id}, client secret {settings.client_secret}, "
        f"issuer {settings.issuer}, audience {settings.audience}\n"
    )
    sys.stdout.flush()
    asyncio.run(serve(app, [listening], log_level="critical"))


def _webhook_secrets(environment: Mapping[str, str]) -> tuple[bytes, ...]:
    name = variable("webhook_secrets")
    try:
        return webhook_secrets(environment.get(name, ""))
    except ValueError as error:
        sys.stderr.write(f"{name} {error}\n")
        sys.exit(2)


def _origins(webhook_url: str) -> tuple[str, ...]:
    """Return where the board comes from: Sale takes webhooks where it serves its page, by either name of this host."""
    parts = urlsplit(webhook_url)
    hosts = {"127.0.0.1", "localhost"}
    port = f":{parts.port}" if parts.port else ""
    names = hosts if parts.hostname in hosts else {parts.hostname}
    return tuple(f"{parts.scheme}://{name}{port}" for name in sorted(names, key=str))
