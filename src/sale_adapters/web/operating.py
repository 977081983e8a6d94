"""What operators and integrators ask: is it alive, is it ready, what can it do."""

from sale_adapters.web.calls import Call
from sale_adapters.web.replies import reply
from sale_adapters.wire.health import HealthBody, ReadinessBody
from sale_adapters.wire.refusals import REACHABLE, NotReady
from sale_domain.ports.answers import StoredAnswer


async def healthz(_: Call) -> StoredAnswer:
    """Tell that the process runs."""
    return reply(HealthBody(status="alive"))


async def readyz(call: Call) -> StoredAnswer:
    """Tell whether every part is there that Sale cannot do without."""
    parts = await call.services.readiness()
    states = {name: reason or REACHABLE for name, reason in parts.items()}
    if any(parts.values()):
        raise NotReady(parts=states)
    return reply(ReadinessBody(status="ready", parts=states))


async def metrics(call: Call) -> StoredAnswer:
    """Answer what was counted and what the store looks like."""
    content_type, text = await call.services.metrics.exposition()
    return StoredAnswer(status=200, headers=(("content-type", content_type),), body=text)


async def openapi(call: Call) -> StoredAnswer:
    """Answer the OpenAPI document."""
    return StoredAnswer(status=200, headers=(("content-type", "application/json"),), body=call.services.openapi)


async def asyncapi(call: Call) -> StoredAnswer:
    """Answer the AsyncAPI document."""
    return StoredAnswer(status=200, headers=(("content-type", "application/json"),), body=call.services.asyncapi)


async def board(call: Call) -> StoredAnswer:
    """Answer the board, the page that people work with."""
    return await call.services.board(call)


async def page(call: Call) -> StoredAnswer:
    """Answer the documentation as one page that needs nothing from anywhere else."""
    headers = (
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
    )
    return StoredAnswer(status=200, headers=headers, body=call.services.page)
