"""One trace from the webhook over the database to the record on Kafka, on real PostgreSQL and Kafka."""

import asyncio
import subprocess
import sys

import httpx
import pytest

from ordering_over_http import checked_out, payment
from relay_world import ONLY_SHARD, PAYMENTS, LyingEventLog, OwnPace, event
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.reading import committed_records
from sale_adapters.kafka.topics import Topic, ensure_topics
from sale_adapters.otel import TracedEventLog
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.sisters.transport import Transport
from sale_adapters.wire.tracing import TRACER, passed_on, step
from sale_app.relay import run_relay
from sale_app.telemetry import telemetry, wanted
from sale_domain.events import KAFKA_TOPICS, PAYMENT_SUCCESS
from sale_domain.port_errors import SisterUnavailable
from sale_domain.ports.publishing import PublishedAt
from sale_domain.ports.publishing_errors import OutcomeUnknown
from sale_domain.publishing import RelayPolicy
from stack import served
from traces import Traces

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"  # pragma: allowlist secret
SAMPLED, UNSAMPLED = f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00"


async def test_one_trace_leads_from_the_webhook_to_the_record_on_kafka(database_url: str, kafka_bootstrap: str) -> None:
    migrate(database_url)
    kafka, traces, stop = KafkaConnection(bootstrap=kafka_bootstrap), Traces(), asyncio.Event()
    ensure_topics(kafka, [Topic(name=topic, partitions=3, replication_factor=1) for topic in KAFKA_TOPICS])
    policy = RelayPolicy(topics=KAFKA_TOPICS)
    relaying = asyncio.create_task(
        run_relay(
            database_url=database_url, kafka=kafka, policy=policy, prefix="traces", stop=stop, tracer=traces.tracer
        )
    )
    async with served(database_url, tracer=traces.tracer) as client:
        order_id = (await checked_out(client))["id"]
        told = await client.post("/webhooks/payment", json=payment(order_id, 130_000), headers={"traceparent": SAMPLED})
        assert told.json() == {"outcome": "applied"}
    (record,) = await asyncio.to_thread(
        committed_records, kafka_bootstrap, topic=PAYMENT_SUCCESS, key=order_id, count=1, timeout_seconds=60
    )
    stop.set()
    await relaying

    request = "POST /v1/api/sale/webhooks/payment"
    assert traces.tree(TRACE) == {
        (request, CALLER),
        ("payments.receive", request),
        ("database", "payments.receive"),
        ("send payment.success", "payments.receive"),
    }
    (sent,) = (span for span in traces.spans(TRACE) if span.name == "send payment.success")
    assert sent.attributes is not None
    assert record.headers["traceparent"] == f"00-{TRACE}-{sent.context.span_id:016x}-01"
    assert (sent.attributes["sale.order_id"], sent.attributes["messaging.kafka.offset"]) == (order_id, record.offset)
    (answered,) = (span for span in traces.spans(TRACE) if span.name == request)
    assert answered.attributes is not None
    assert answered.attributes["http.response.status_code"] == 200


async def test_a_caller_that_does_not_sample_is_obeyed_and_its_trace_goes_on(database_url: str) -> None:
    migrate(database_url)
    traces = Traces()
    async with served(database_url, tracer=traces.tracer) as client:
        await client.get("/sale-orders", headers={"traceparent": UNSAMPLED})

    assert traces.spans() == []


@pytest.mark.parametrize(
    "invalid", [f"00-{'0' * 32}-{CALLER}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{CALLER}-01", "garbage", ""]
)
async def test_a_trace_that_makes_no_sense_is_replaced_by_one_of_our_own(database_url: str, invalid: str) -> None:
    migrate(database_url)
    traces = Traces()
    async with served(database_url, tracer=traces.tracer) as client:
        await client.get("/sale-orders", headers={"traceparent": invalid})

    ids = {f"{span.context.trace_id:032x}" for span in traces.spans()}
    assert len(ids) == 1
    (own,) = ids
    assert own not in {TRACE, "0" * 32}
    assert ("GET /v1/api/sale/sale-orders", f"{0:016x}") in traces.tree(own)


async def test_who_asks_for_health_leaves_no_span(database_url: str) -> None:
    traces = Traces()
    async with served(database_url, tracer=traces.tracer) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            await client.get(path)

    assert traces.spans() == []


async def test_a_sister_is_told_the_span_of_the_call_and_a_refusal_is_no_failure() -> None:
    traces, heard = Traces(), list[str]()

    async def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.headers["traceparent"])
        return httpx.Response(503 if request.url.path == "/gone" else 404)

    client = httpx.AsyncClient(base_url="http://pricing", transport=httpx.MockTransport(answer))
    pricing = Transport(sister="pricing", client=client, passed_on=passed_on, deadline_seconds=0.05)
    token = TRACER.set(traces.tracer)
    try:
        with step("orders.find"):
            await pricing.call("GET", "/there")
            with pytest.raises(SisterUnavailable):
                await pricing.call("GET", "/gone")
    finally:
        TRACER.reset(token)
        await client.aclose()

    found, gone, whole = traces.spans()
    assert [span.name for span in (found, gone, whole)] == ["pricing GET", "pricing GET", "orders.find"]
    assert heard[0].split("-")[2] == f"{found.context.span_id:016x}"
    assert [span.status.status_code.name for span in (found, gone)] == ["UNSET", "ERROR"]


async def test_a_send_in_doubt_is_a_failed_span_and_the_next_one_another() -> None:
    traces, log = Traces(), LyingEventLog({PAYMENTS: 1}, pace=OwnPace())
    log.lies = ["died before the commit"]
    traced = TracedEventLog(log, traces.tracer)
    row = event(1)
    with pytest.raises(OutcomeUnknown):
        await (await traced.open(ONLY_SHARD)).publish([row])
    session = await traced.open(ONLY_SHARD)
    assert await session.publish([row]) == (PublishedAt(topic=PAYMENTS, partition=0, offset=2),)

    first, second = traces.spans()
    assert [span.status.status_code.name for span in (first, second)] == ["ERROR", "UNSET"]
    ((_, committed),) = log.committed(PAYMENTS)
    assert committed.event_id == row.event_id
    assert committed.traceparent is not None
    assert committed.traceparent.split("-")[2] == f"{second.context.span_id:016x}"


def test_without_the_extra_everything_runs_and_our_own_part_is_not_even_imported() -> None:
    program = (
        "import sys\n"
        "sys.modules['opentelemetry'] = None\n"
        "import sale_app.server, sale_app.relay\n"
        "from sale_app.telemetry import telemetry\n"
        "with telemetry({}, process='serve') as tracer: assert tracer is None\n"
        "assert not [name for name in sys.modules if name.startswith('sale_adapters.otel')]"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)  # noqa: S603 - our own program


def test_standard_variables_say_whether_there_are_traces() -> None:
    there = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    assert not wanted({})
    assert wanted(there)
    assert wanted({"OTEL_TRACES_EXPORTER": "otlp"})
    assert not wanted({**there, "OTEL_TRACES_EXPORTER": "none"})
    assert not wanted({**there, "OTEL_SDK_DISABLED": "true"})


def test_who_asks_for_traces_without_the_extra_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with telemetry({"OTEL_TRACES_EXPORTER": "otlp"}, process="serve") as tracer:
        assert tracer is None
    assert "pip install 'sale[otel]'" in caplog.text
