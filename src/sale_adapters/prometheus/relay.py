"""The metrics of a relay process: what it has published, how late, and what it holds."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from prometheus_client.core import Metric as Family

from sale_adapters.prometheus import relay_catalog as catalog
from sale_adapters.prometheus.catalog import SIGNAL_MESSAGES
from sale_adapters.prometheus.exposition import counter, exposed, families_of, histogram
from sale_adapters.prometheus.gauges import gauge
from sale_domain.events import KAFKA_TOPICS
from sale_domain.ports.publishing import Lease, LogRecord, OutboxRow, Partition, Shard
from sale_domain.ports.relaying import Standing
from sale_domain.ports.runtime import Clock

_LAG_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_SAMPLES = ("agreed", "disagreed", "unfinished")
_NOTHING = Standing(shards=0, held=frozenset(), halted=frozenset())


class RelayMetrics:
    """The `RelayObserver` of all shards of a process, in Prometheus' text format; nothing of it raises."""

    def __init__(self, *, clock: Clock, standing: Callable[[], Standing] = lambda: _NOTHING) -> None:
        """Begin at zero; `standing` is asked at each scrape."""
        self._clock = clock
        self.standing = standing
        self._published = counter(catalog.PUBLISHED)
        self._lag = histogram(catalog.LAG, buckets=_LAG_BUCKETS)
        self._batches = histogram(catalog.BATCH)
        self._starts = counter(catalog.STARTS)
        self._doubts = counter(catalog.DOUBTS)
        self._set_aside = counter(catalog.SET_ASIDE)
        self._samples = counter(catalog.RECONCILE_SAMPLES)
        self._findings = counter(catalog.RECONCILE_FINDINGS)
        self._signals = counter(SIGNAL_MESSAGES)
        # The library finds a series by its labels anew each time, under a lock; this is asked for with each event.
        self._late_to = cache(self._lag.labels)
        for topic in KAFKA_TOPICS:
            # A series that begins with its first event hides that event from rate().
            self._published.labels(topic)
        for outcome in _SAMPLES:
            self._samples.labels(outcome)

    def started(self, lease: Lease, *, cluster_id: str) -> None:  # noqa: ARG002 - the port's own
        """Count a start."""
        self._starts.inc()

    def published(self, lease: Lease, records: Sequence[LogRecord]) -> None:  # noqa: ARG002 - as above
        """Count events."""
        for topic, count in Counter(record.at.topic for record in records).items():
            self._published.labels(topic).inc(count)

    def delivered(self, lease: Lease, rows: Sequence[OutboxRow], *, seconds: float) -> None:  # noqa: ARG002 - as above
        """Measure a batch, and how late each of its events is."""
        self._batches.observe(seconds)
        now = self._clock.now()
        for row in rows:
            # Another machine's clock may be a little ahead of ours.
            self._late_to(row.topic).observe(max(0.0, (now - row.occurred_at).total_seconds()))

    def waiting(self, lease: Lease, partition: Partition, *, position: int, watermark: int) -> None:
        """See `RelayObserver`; what comes of it shows in the age of the outbox."""

    def doubted(self, shard: Shard, doubt: Exception, *, wait_seconds: float) -> None:  # noqa: ARG002 - as above
        """Count a doubt."""
        self._doubts.labels(type(doubt).__name__).inc()

    def set_aside(self, lease: Lease, row: OutboxRow, *, reason: str) -> None:  # noqa: ARG002 - as above
        """Count an event that is kept back."""
        self._set_aside.inc()

    def found(self, check: str, *, warning: bool) -> None:
        """Count what a comparison found."""
        self._findings.labels(check, "warning" if warning else "error").inc()

    def sampled(self, outcome: str) -> None:
        """Count a comparison."""
        self._samples.labels(outcome).inc()

    def signalled(self, outcome: str, count: int) -> None:
        """Count what was told to signal of what the chores have changed."""
        self._signals.labels(outcome).inc(count)

    def exposition(self) -> tuple[str, bytes]:
        """Return the content type and the text of a scrape."""
        return exposed(self._families)

    def _families(self) -> Iterable[Family]:
        yield from families_of(self._published, self._lag, self._batches, self._starts, self._doubts, self._set_aside)
        yield from families_of(self._samples, self._findings, self._signals)
        standing = self.standing()
        yield gauge(catalog.LAYOUT_SHARDS, {(): standing.shards})
        yield gauge(catalog.SHARD_HELD, {(str(shard),): 1 for shard in sorted(standing.held)})
        halted: dict[tuple[str, ...], float] = {
            (str(shard),): shard in standing.halted for shard in sorted(standing.held)
        }
        yield gauge(catalog.SHARD_HALTED, halted)
