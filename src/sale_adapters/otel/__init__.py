"""OpenTelemetry: one trace from a request over its steps to the record on Kafka. Needs the extra `sale[otel]`."""

from sale_adapters.otel.event_log import TracedEventLog
from sale_adapters.otel.tracer import OtelTracer

__all__ = ["OtelTracer", "TracedEventLog"]
