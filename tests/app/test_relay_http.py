"""What a relay tells of itself: is it alive, has it begun, what does it hold, and how late is it."""

import asyncio
import re
from datetime import timedelta

import attrs
import httpx
from prometheus_client.parser import text_string_to_metric_families

from processes import eventually
from relay_world import KITCHEN, NOON, ONLY_SHARD, PAYMENTS, LyingEventLog, OwnPace, event
from sale_adapters.memory import ManualClock
from sale_adapters.memory.event_log import MemoryEventLog
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_adapters.prometheus import RelayMetrics
from sale_adapters.prometheus.relay_catalog import RELAY_CATALOG
from sale_app.asgi import listen
from sale_app.relay_http import answering, relay_app
from sale_app.relay_log import RelayLog
from sale_app.relay_observers import RelayObservers
from sale_app.relay_process import RelayProcess
from sale_domain.ports.publishing import EventLog, Partition
from sale_domain.publishing import RelayPolicy
from sale_domain.publishing_layout import agree_on_layout

QUICK = RelayPolicy(
    topics=(PAYMENTS, KITCHEN), poll_seconds=0.01, lease_seconds=0.2, halted_seconds=5, shortest_wait_seconds=0.01
)


@attrs.define(kw_only=True)
class Watched:
    """A relay over memory, and a client of its listener."""

    log: EventLog
    outbox: MemoryOutbox = attrs.Factory(MemoryOutbox)
    stop: asyncio.Event = attrs.Factory(asyncio.Event)
    metrics: RelayMetrics = attrs.field(init=False)
    process: RelayProcess = attrs.field(init=False)
    client: httpx.AsyncClient = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        clock = ManualClock(NOON + timedelta(seconds=3))
        self.metrics = RelayMetrics(clock=clock)
        self.process = RelayProcess(
            outbox=self.outbox,
            log=self.log,
            policy=QUICK,
            shards=1,
            stop=self.stop,
            observer=lambda: RelayObservers((RelayLog(), self.metrics)),
        )
        self.metrics.standing = self.process.standing
        transport = httpx.ASGITransport(app=relay_app(self.metrics))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://relay/v1/api/sale")

    async def value(self, name: str, **labels: str) -> float | None:
        text = (await self.client.get("/metrics")).text
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return next((each.value for each in samples if each.name == name and each.labels == labels), None)


async def test_every_metric_of_the_catalogue_is_there_and_none_besides() -> None:
    text = (await Watched(log=MemoryEventLog({PAYMENTS: 1, KITCHEN: 1})).client.get("/metrics")).text

    kinds = dict(re.findall(r"^# TYPE (sale_\w+) (\w+)$", text, re.MULTILINE))
    assert kinds == {metric.name: metric.kind.value for metric in RELAY_CATALOG}
    assert "process_resident_memory_bytes" in text


async def test_it_is_alive_at_once_and_ready_when_it_has_agreed_on_a_layout() -> None:
    watched = Watched(log=MemoryEventLog({PAYMENTS: 1, KITCHEN: 1}))
    assert (await watched.client.get("/healthz")).json() == {"status": "alive"}
    early = await watched.client.get("/readyz")
    assert (early.status_code, early.json()["status"]) == (503, "not-ready")

    running = asyncio.create_task(watched.process.run())
    assert await eventually(lambda: watched.process.standing().shards == 1)
    assert (await watched.client.get("/readyz")).status_code == 200
    watched.stop.set()
    await running


async def test_what_is_published_and_how_late_is_counted_once_each_doubts_too() -> None:
    log = LyingEventLog({PAYMENTS: 1, KITCHEN: 1}, pace=OwnPace())
    log.lies = ["lost acknowledgement"]
    watched = Watched(log=log)
    for number in (1, 2):
        watched.outbox.append(event(number))
    running = asyncio.create_task(watched.process.run())
    assert await eventually(lambda: len(watched.outbox.published) == 2)
    watched.outbox.append(event(3))
    assert await eventually(lambda: len(watched.outbox.published) == 3)

    assert await watched.value("sale_relay_published_total", topic=PAYMENTS) == 3
    assert await watched.value("sale_relay_doubts_total", reason="OutcomeUnknown") == 1
    assert await watched.value("sale_relay_starts_total") == 2
    # The third alone was sent by a life that also read it back; it happened at noon and 3 s, which is now.
    assert await watched.value("sale_relay_lag_seconds_count", topic=PAYMENTS) == 1
    assert await watched.value("sale_relay_lag_seconds_bucket", topic=PAYMENTS, le="0.05") == 1
    assert await watched.value("sale_relay_batch_duration_seconds_count") == 1
    assert await watched.value("sale_relay_published_total", topic=KITCHEN) == 0
    watched.stop.set()
    await running


async def test_a_shard_is_held_and_when_it_is_halted_that_is_told() -> None:
    log, outbox = MemoryEventLog({PAYMENTS: 1, KITCHEN: 1}), MemoryOutbox()
    (shard,) = (await agree_on_layout(outbox=outbox, log=log, shards=1)).parts()
    before = await outbox.take(shard, owner="before", lease_seconds=0)
    assert before is not None
    await outbox.settle(before, cluster_id="another", records=(), positions={Partition(topic=PAYMENTS, number=0): 0})
    watched = Watched(log=log, outbox=outbox)
    assert await watched.value("sale_relay_shard_held", shard="0") is None
    running = asyncio.create_task(watched.process.run())

    assert await eventually(lambda: watched.process.standing().halted == {0})
    assert await eventually(lambda: watched.process.standing().held == {0})
    assert await watched.value("sale_relay_layout_shards") == 1
    assert await watched.value("sale_relay_shard_held", shard="0") == 1
    assert await watched.value("sale_relay_shard_halted", shard="0") == 1
    watched.stop.set()
    await running
    assert watched.process.standing().held == watched.process.standing().halted == frozenset()
    assert shard == ONLY_SHARD


async def test_the_listener_answers_on_its_port_and_is_gone_with_its_block() -> None:
    listening = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/v1/api/sale/healthz"
    async with httpx.AsyncClient(trust_env=False) as client:
        async with answering(relay_app(RelayMetrics(clock=ManualClock())), listening):
            assert (await client.get(address)).status_code == 200
        try:
            await client.get(address)
        except httpx.ConnectError:
            return
    raise AssertionError("it still answers")
