"""From instruments to the text of a scrape; nothing is registered anywhere, so that nothing is shared."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from sale_adapters.prometheus.catalog import Metric


def counter(metric: Metric) -> Counter:
    """Return a counter at zero."""
    return Counter(metric.name, metric.help, metric.labels, registry=None)


def histogram(metric: Metric, *, buckets: tuple[float, ...] = Histogram.DEFAULT_BUCKETS) -> Histogram:
    """Return an empty histogram; the buckets are in seconds."""
    return Histogram(metric.name, metric.help, metric.labels, buckets=buckets, registry=None)


def families_of(*instruments: MetricWrapperBase) -> Iterator[Family]:
    """Yield what the instruments have counted."""
    for instrument in instruments:
        for family in instrument.collect():
            # The library tells with each series when it began, which doubles their number and serves nobody here.
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


def exposed(families: Callable[[], Iterable[Family]]) -> tuple[str, bytes]:
    """Return the content type and the text of a scrape, the process's own figures included."""
    registry = CollectorRegistry()
    registry.register(_Families(families))
    ProcessCollector(registry=registry)
    return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)


class _Families(Collector):
    """What one scrape shows."""

    def __init__(self, families: Callable[[], Iterable[Family]]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        """Return every family."""
        return self._families()
