"""An OpenTelemetry that keeps what it is told, for tests."""

import attrs
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON

from sale_adapters.otel import OtelTracer


@attrs.define
class Traces:
    """A tracer, and every span that it has ended and sampled."""

    exporter: InMemorySpanExporter = attrs.Factory(InMemorySpanExporter)
    tracer: OtelTracer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        provider = TracerProvider(sampler=DEFAULT_ON, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = OtelTracer(provider)

    def spans(self, trace_id: str | None = None) -> list[ReadableSpan]:
        """Return the ended spans, of one trace if it is named."""
        ended = self.exporter.get_finished_spans()
        return [span for span in ended if trace_id in {None, f"{span.context.trace_id:032x}"}]

    def tree(self, trace_id: str) -> set[tuple[str, str]]:
        """Return each span of a trace with its parent's name, or with the parent's id when that is somebody else's."""
        spans = self.spans(trace_id)
        names = {span.context.span_id: span.name for span in spans}
        parents = ((span.name, span.parent.span_id if span.parent else 0) for span in spans)
        return {(name, names.get(parent, f"{parent:016x}")) for name, parent in parents}
