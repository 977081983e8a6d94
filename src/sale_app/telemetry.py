"""OpenTelemetry as its own standard variables say; without the extra `sale[otel]` nothing of it is imported."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sale_domain.ports.publishing import EventLog

if TYPE_CHECKING:
    from sale_adapters.otel import OtelTracer

_LOG = logging.getLogger("sale.telemetry")
_ASKED_FOR_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@contextmanager
def telemetry(environment: Mapping[str, str], *, process: str) -> Iterator["OtelTracer | None"]:
    """Yield a tracer that exports over OTLP until the block ends; None when nobody has said where to.

    Args:
        environment: The `OTEL_…` variables that the SDK and the exporter themselves read of the process.
        process: Names the service unless `OTEL_SERVICE_NAME` does.
    """
    if not wanted(environment):
        yield None
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above

        from sale_adapters.otel import OtelTracer  # noqa: PLC0415 - as above
    except ModuleNotFoundError as missing:
        _LOG.warning("traces are asked for, but there is no %s: pip install 'sale[otel]'", missing.name)
        yield None
        return
    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": f"sale-{process}"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield OtelTracer(provider)
    finally:
        provider.shutdown()


def traced(log: EventLog, tracer: "OtelTracer | None") -> EventLog:
    """Have what is sent followed, if there is a tracer."""
    if tracer is None:
        return log
    from sale_adapters.otel import TracedEventLog  # noqa: PLC0415 - an extra

    return TracedEventLog(log, tracer)


def wanted(environment: Mapping[str, str]) -> bool:
    """Tell whether somebody has said where traces go, and nobody that there shall be none."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return exporter == "otlp" or (exporter != "none" and any(environment.get(name) for name in _ASKED_FOR_BY))
