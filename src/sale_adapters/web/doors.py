"""Two doors into one process: mq-pay's, which leads to the webhook alone, and everybody else's (C25)."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Doors:
    """Let the socket that a request came in by decide which application answers it.

    They are two applications with routes of their own, because a comparison of paths could be outwitted by a spelling
    that the router takes for the same. What a client says of the host and port that it asks is not looked at.
    """

    def __init__(self, main: ASGIApp, *, webhook: ASGIApp, webhook_port: int) -> None:
        """Put the webhook's application behind its port."""
        self._main = main
        self._webhook = webhook
        self._webhook_port = webhook_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        server = scope.get("server")
        app = self._webhook if server and server[1] == self._webhook_port else self._main
        await app(scope, receive, send)
