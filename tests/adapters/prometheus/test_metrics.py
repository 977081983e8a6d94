"""What is counted, what is read, and how little a scrape may cost."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sale_adapters.memory import ManualClock
from sale_adapters.prometheus import PrometheusMetrics
from sale_adapters.prometheus.catalog import CATALOG, OF_THE_STORE
from sale_adapters.prometheus.gauges import Pool
from sale_adapters.prometheus.looking import FRESH_SECONDS, Look
from sale_domain.money import Currency
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.figures import OPEN_STATUSES, Backlog, StoreFigures

NOTHING = Backlog(count=0, oldest=None)
EMPTY = StoreFigures(
    unpublished=NOTHING,
    set_aside=Backlog(count=0, oldest=None),
    held_back=Backlog(count=0, oldest=None),
    parked=NOTHING,
    unallocated={},
    active_usages=NOTHING,
    open_orders=dict.fromkeys(OPEN_STATUSES, NOTHING),
)

Sample = tuple[str, frozenset[tuple[str, str]]]


@attrs.define(kw_only=True)
class Bench:
    """Metrics over a store that a test plays, with a clock and a stopwatch that only the test moves."""

    shown: StoreFigures | None = EMPTY
    looks: int = 0
    seconds: float = 0.0
    clock: ManualClock = attrs.Factory(ManualClock)
    metrics: PrometheusMetrics = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.metrics = PrometheusMetrics(figures=self, clock=self.clock, monotonic=lambda: self.seconds)

    async def read(self) -> StoreFigures:
        self.looks += 1
        await asyncio.sleep(0)
        if self.shown is None:
            raise StoreUnavailable(reason="gone")
        return self.shown

    async def text(self) -> str:
        return (await self.metrics.exposition())[1].decode()

    async def samples(self) -> dict[Sample, float]:
        families = text_string_to_metric_families(await self.text())
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}

    async def value(self, name: str, **labels: str) -> float | None:
        return (await self.samples()).get((name, frozenset(labels.items())))


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_scrape_is_prometheus_text_with_help_and_type_for_each_metric(bench: Bench) -> None:
    bench.metrics.watch_pool(_Pool)
    content_type, text = await bench.metrics.exposition()

    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    for metric in CATALOG:
        assert f"# TYPE {metric.name} {metric.kind.value}\n".encode() in text
        assert f"# HELP {metric.name} ".encode() in text


async def test_what_happened_is_counted(bench: Bench) -> None:
    bench.metrics.answered("orders.create", status=201, seconds=0.03)
    bench.metrics.answered("orders.create", status=200, seconds=0.2)
    bench.metrics.answered("none", status=0, seconds=0.2)
    bench.metrics.commanded("orders.create", code="ok")
    bench.metrics.payment_told("applied")
    bench.metrics.sister_asked("pricing", "left-alone", 0.0)

    assert await bench.value("sale_http_requests_total", operation="orders.create", status="2xx") == 2
    assert await bench.value("sale_http_requests_total", operation="none", status="none") == 1
    seconds = "sale_http_request_duration_seconds"
    assert await bench.value(f"{seconds}_count", operation="orders.create") == 2
    assert await bench.value(f"{seconds}_bucket", operation="orders.create", le="0.05") == 1
    assert await bench.value("sale_commands_total", command="orders.create", code="ok") == 1
    assert await bench.value("sale_webhook_deliveries_total", outcome="applied") == 1
    for outcome in ("unallocated", "refused", "unavailable", "failed", "signature-wrong", "network-refused"):
        assert await bench.value("sale_webhook_deliveries_total", outcome=outcome) == 0
    assert await bench.value("sale_sister_calls_total", sister="pricing", outcome="left-alone") == 1


async def test_two_applications_in_one_process_count_apart(bench: Bench) -> None:
    other = Bench()
    bench.metrics.payment_told("applied")

    assert await other.value("sale_webhook_deliveries_total", outcome="applied") == 0


async def test_no_series_tells_when_it_was_made(bench: Bench) -> None:
    bench.metrics.answered("orders.create", status=201, seconds=0.03)

    assert "_created" not in await bench.text()


async def test_ages_are_by_the_clock_and_never_negative(bench: Bench) -> None:
    now = bench.clock.now()
    bench.shown = attrs.evolve(
        EMPTY,
        unpublished=Backlog(count=3, oldest=now - timedelta(seconds=90)),
        parked=Backlog(count=1, oldest=now + timedelta(seconds=1)),
        set_aside=Backlog(count=2, oldest=now - timedelta(seconds=70)),
        held_back=Backlog(count=5, oldest=now - timedelta(seconds=60)),
        unallocated={Currency("VND"): Decimal("20000.0001")},
        active_usages=Backlog(count=4, oldest=now - timedelta(hours=2)),
    )

    assert await bench.value("sale_outbox_unpublished_rows") == 3
    assert await bench.value("sale_outbox_oldest_unpublished_age_seconds") == 90
    assert await bench.value("sale_outbox_set_aside_rows") == 2
    assert await bench.value("sale_outbox_oldest_set_aside_age_seconds") == 70
    assert await bench.value("sale_outbox_held_back_rows") == 5
    assert await bench.value("sale_outbox_oldest_held_back_age_seconds") == 60
    assert await bench.value("sale_parked_payments_oldest_age_seconds") == 0
    assert await bench.value("sale_active_usages") == 4
    assert await bench.value("sale_active_usages_oldest_age_seconds") == 7200
    assert await bench.value("sale_unallocated_money", currency="VND") == 20_000.0001
    assert await bench.value("sale_open_orders", status="PARTIAL") == 0
    assert await bench.value("sale_open_orders_oldest_age_seconds", status="PARTIAL") == 0


async def test_breakers_of_one_sister_are_counted_by_state(bench: Bench) -> None:
    for state in ("open", "closed", "open"):
        bench.metrics.watch_breaker("identity", _always(state))

    assert await bench.value("sale_sister_breakers", sister="identity", state="open") == 2
    assert await bench.value("sale_sister_breakers", sister="identity", state="closed") == 1


async def test_however_many_scrape_the_store_is_looked_at_once_in_a_while(bench: Bench) -> None:
    await asyncio.gather(*(bench.text() for _ in range(20)))
    assert bench.looks == 1
    bench.seconds = FRESH_SECONDS
    await bench.text()
    assert bench.looks == 2


async def test_a_store_that_is_away_leaves_its_figures_out_and_is_asked_as_rarely(bench: Bench) -> None:
    bench.shown = None
    text = await bench.text()
    await bench.text()

    assert "sale_store_up 0.0\n" in text
    assert not any(metric.name in text for metric in OF_THE_STORE)
    assert bench.looks == 1
    bench.shown, bench.seconds = EMPTY, FRESH_SECONDS
    assert "sale_store_up 1.0\n" in await bench.text()


async def test_a_store_that_is_too_slow_is_not_waited_for() -> None:
    class Stuck:
        async def read(self) -> StoreFigures:
            await asyncio.Event().wait()
            raise AssertionError

    look = Look(Stuck(), monotonic=lambda: 0.0, patience_seconds=0.01)

    assert await look.figures() is None


async def test_a_scrape_that_is_given_up_leaves_the_next_one_its_turn(bench: Bench) -> None:
    given_up = asyncio.ensure_future(bench.text())
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)

    assert "sale_store_up 1.0\n" in await bench.text()
    assert bench.looks == 2


@attrs.frozen
class _Pool:
    size: int = 4
    available: int = 1
    waiting: int = 0


def _always(state: str) -> Callable[[], str]:
    return lambda: state


def test_any_pool_that_counts_itself_will_do() -> None:
    pool: Pool = _Pool()
    assert pool.available == 1
