"""What is read when a scrape asks, as Prometheus' metric families."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily

from sale_adapters.prometheus import catalog
from sale_adapters.prometheus.catalog import Metric
from sale_domain.ports.figures import Backlog, StoreFigures


class Pool(Protocol):
    """A pool of connections, counted."""

    @property
    def size(self) -> int:
        """Return how many connections there are."""

    @property
    def available(self) -> int:
        """Return how many of them nobody uses."""

    @property
    def waiting(self) -> int:
        """Return how many callers wait for one."""


def gauge(metric: Metric, values: Mapping[tuple[str, ...], float]) -> GaugeMetricFamily:
    """Return a gauge with a value for each of its labels' values."""
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def pool_gauges(pool: Pool) -> Iterable[GaugeMetricFamily]:
    """Yield the gauges of a pool."""
    yield gauge(catalog.POOL_SIZE, {(): pool.size})
    yield gauge(catalog.POOL_AVAILABLE, {(): pool.available})
    yield gauge(catalog.POOL_WAITING, {(): pool.waiting})


def store_gauges(figures: StoreFigures | None, *, now: datetime) -> Iterable[GaugeMetricFamily]:
    """Yield the gauges of the store; only that it is away when it is."""
    yield gauge(catalog.STORE_UP, {(): figures is not None})
    if figures is None:
        return
    orders = figures.open_orders
    yield gauge(catalog.UNPUBLISHED, {(): figures.unpublished.count})
    yield gauge(catalog.UNPUBLISHED_AGE, {(): _age(figures.unpublished, now)})
    yield gauge(catalog.SET_ASIDE, {(): figures.set_aside})
    yield gauge(catalog.PARKED, {(): figures.parked.count})
    yield gauge(catalog.PARKED_AGE, {(): _age(figures.parked, now)})
    yield gauge(catalog.UNALLOCATED, {(currency,): float(money) for currency, money in figures.unallocated.items()})
    yield gauge(catalog.OPEN_ORDERS, {(status.value,): backlog.count for status, backlog in orders.items()})
    yield gauge(catalog.OPEN_ORDERS_AGE, {(status.value,): _age(backlog, now) for status, backlog in orders.items()})
    yield gauge(catalog.ACTIVE_USAGES, {(): figures.active_usages.count})
    yield gauge(catalog.ACTIVE_USAGES_AGE, {(): _age(figures.active_usages, now)})


def _age(backlog: Backlog, now: datetime) -> float:
    # Another machine's clock may be a little ahead of ours.
    return 0.0 if backlog.oldest is None else max(0.0, (now - backlog.oldest).total_seconds())
