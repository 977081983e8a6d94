"""The `Tracer` of `wire.tracing` on OpenTelemetry's API."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sale_adapters.wire.tracing import TRACEPARENT, Kind
from sale_domain.errors import Conflict, Rejected

_W3C = TraceContextTextMapPropagator()
_KINDS = {
    Kind.INTERNAL: SpanKind.INTERNAL,
    Kind.SERVER: SpanKind.SERVER,
    Kind.CLIENT: SpanKind.CLIENT,
    Kind.PRODUCER: SpanKind.PRODUCER,
}


class OtelTracer:
    """Follow requests as OpenTelemetry spans."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        """Take a provider, which samples and exports as it pleases."""
        self._tracer = provider.get_tracer("sale")

    @contextmanager
    def step(self, name: str, kind: Kind, facts: Mapping[str, str | int]) -> Iterator[None]:
        """See `Tracer`; the step's parent is whatever `TRACEPARENT` names."""
        span = self.begun(name, kind, facts, parent=TRACEPARENT.get())
        token = TRACEPARENT.set(traceparent_of(span))
        try:
            with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
                try:
                    yield
                except BaseException as error:
                    failed(span, error)
                    raise
        finally:
            TRACEPARENT.reset(token)

    def told(self, name: str | None, facts: Mapping[str, str | int], *, failed: bool) -> None:
        """See `Tracer`."""
        span = trace.get_current_span()
        if name is not None:
            span.update_name(name)
        span.set_attributes(facts)
        if failed:
            span.set_status(Status(StatusCode.ERROR))

    def begun(self, name: str, kind: Kind, facts: Mapping[str, str | int], *, parent: str | None) -> Span:
        """Begin a span below a W3C trace context, or a trace of its own."""
        # An empty context of its own: what else is under way in this task is no parent.
        context = _W3C.extract({"traceparent": parent} if parent else {}, context=Context())
        return self._tracer.start_span(name, context=context, kind=_KINDS[kind], attributes=facts)


def traceparent_of(span: Span) -> str:
    """Return a span's W3C trace context, the caller's sampling decision included."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, context=trace.set_span_in_context(span, Context()))
    return carrier["traceparent"]


def failed(span: Span, error: BaseException) -> None:
    """Mark a span by the error that ended it: a refusal is an outcome, its message may hold what a caller sent."""
    span.set_attribute("error.type", getattr(error, "code", type(error).__name__))
    if not isinstance(error, Rejected | Conflict):
        span.set_status(Status(StatusCode.ERROR))
