"""What operators and integrators ask: is it alive, is it ready, what can it do."""

from sale_adapters.web.calls import Call
from sale_adapters.web.replies import refusal, reply
from sale_adapters.wire.health import HealthBody, ReadinessBody
from sale_adapters.wire.problems import RETRY_AFTER_SECONDS, Problem
from sale_domain.ports.answers import StoredAnswer


async def healthz(_: Call) -> StoredAnswer:
    """Tell that the process runs."""
    return reply(HealthBody(status="alive"))


async def readyz(call: Call) -> StoredAnswer:
    """Tell whether every part is there that Sale cannot do without."""
    parts = await call.services.readiness()
    missing = {name: reason for name, reason in parts.items() if reason is not None}
    if not missing:
        return reply(ReadinessBody(status="ready", parts=dict.fromkeys(parts, "reachable")))
    problem = Problem(
        status=503,
        code="not-ready",
        detail=f"Missing: {', '.join(missing)}.",
        members={"parts": {name: missing.get(name, "reachable") for name in parts}},
        headers=(("retry-after", str(RETRY_AFTER_SECONDS)),),
    )
    return refusal(problem)


async def metrics(call: Call) -> StoredAnswer:
    """Answer what was counted and what the store looks like."""
    content_type, text = await call.services.metrics.exposition()
    return StoredAnswer(status=200, headers=(("content-type", content_type),), body=text)


async def openapi(call: Call) -> StoredAnswer:
    """Answer the OpenAPI document."""
    return StoredAnswer(status=200, headers=(("content-type", "application/json"),), body=call.services.openapi)


async def page(call: Call) -> StoredAnswer:
    """Answer the documentation as one page that needs nothing from anywhere else."""
    headers = (
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
    )
    return StoredAnswer(status=200, headers=headers, body=call.services.page)
