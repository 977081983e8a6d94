"""The HTTP application: operations, what surrounds them, and the documents that describe them."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

import attrs
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from sale_adapters.web import operating, payments
from sale_adapters.web.asyncapi import asyncapi_document
from sale_adapters.web.board import Board, BoardSetup
from sale_adapters.web.boundary import Boundary
from sale_adapters.web.calls import Readiness, Services
from sale_adapters.web.doors import Doors
from sale_adapters.web.limits import Limits, RequestLimits
from sale_adapters.web.metrics import Metrics, NoMetrics
from sale_adapters.web.middleware import RequestScope
from sale_adapters.web.openapi import openapi_document
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.web.page import document_page
from sale_adapters.web.rates import Rates
from sale_adapters.web.replies import refusal, response
from sale_adapters.web.routing import routes
from sale_adapters.web.stream import Stream
from sale_adapters.wire import json
from sale_adapters.wire.places import STREAM
from sale_adapters.wire.problems import problem_of
from sale_adapters.wire.tracing import Tracer
from sale_domain.errors import NotFound
from sale_domain.sale import Sale


def create_app(
    sale: Sale,
    *,
    readiness: Readiness,
    metrics: Metrics | None = None,
    stream: Stream | None = None,
    board: BoardSetup | None = None,
    boundary: Boundary | None = None,
    webhook_port: int | None = None,
    limits: Limits | None = None,
    tracer: Tracer | None = None,
) -> Router | Doors:
    """Make the HTTP application of contract §9.

    Args:
        sale: The service, with whatever is plugged into its ports.
        readiness: Looks at the parts that Sale cannot do without, for `/readyz`.
        metrics: Counts, and is asked by `/metrics`; None counts nothing.
        stream: Serves the live stream; None has none.
        board: What the board offers beyond the service itself.
        boundary: What a webhook has to pass; None is open.
        webhook_port: Where the webhook is served alone; None serves it with everything else.
        limits: How long a request may take, and how often a user may ask.
        tracer: Follows every request; None has traces passed on only.
    """
    page = Board(board or BoardSetup())
    documents = _documents(version("sale"))
    metrics, limits = metrics or NoMetrics(), limits or Limits()
    services = Services(
        sale=sale,
        readiness=readiness,
        openapi=documents.openapi,
        asyncapi=documents.asyncapi,
        metrics=metrics,
        boundary=boundary or Boundary(),
        rates=Rates(per_second=limits.rate_per_second, burst=limits.rate_burst),
        page=documents.page,
        board=page.page,
    )
    live: list[BaseRoute] = [] if stream is None else [WebSocketRoute(STREAM, stream)]
    around = [
        Middleware(RequestScope, metrics=metrics, tracer=tracer),
        Middleware(RequestLimits, seconds=limits.request_seconds),
    ]
    everything = [*OPERATIONS, *page.operations()]
    if webhook_port is None:
        return _application([*routes(everything, services), *live], around)
    elsewhere = [each for each in everything if each.handler is not payments.receive]
    main = _application([*routes(elsewhere, services), *live], around)
    return Doors(main, webhook=_application(routes(_ALONE, services), around), webhook_port=webhook_port)


@attrs.frozen(kw_only=True)
class _Documents:
    openapi: bytes
    asyncapi: bytes
    page: bytes


@cache
def _documents(release: str) -> _Documents:
    """Write the documents, once a process: tests make many applications, and they take longer than all the rest."""
    document = openapi_document(OPERATIONS, version=release)
    return _Documents(
        openapi=json.write(document),
        asyncapi=json.write(asyncapi_document(version=release)),
        page=document_page(document).encode(),
    )


_ALONE = [each for each in OPERATIONS if each.handler in {payments.receive, operating.healthz}]
"""What a port of the webhook's own has."""


class _Paths(Router):
    """What can be asked for. It needs no more of Starlette's: what surrounds it turns bugs into answers."""

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().not_found(scope, receive, send)
            return
        await response(refusal(problem_of(NotFound(thing="path"))))(scope, receive, send)


def _application(paths: Sequence[BaseRoute], around: Sequence[Middleware]) -> Router:
    # A path with a slash too many is another path: nothing redirects a body.
    return _Paths(paths, redirect_slashes=False, middleware=around)
