"""The metrics of one application: what it has counted, what is read of it now, and both as text."""

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable
from functools import cache

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import Metric as Family

from sale_adapters.prometheus import catalog
from sale_adapters.prometheus.exposition import counter, exposed, families_of, histogram
from sale_adapters.prometheus.gauges import Pool, gauge, pool_gauges, store_gauges
from sale_adapters.prometheus.looking import Look
from sale_adapters.wire.refusals import BOUNDARY
from sale_domain.payments import PaymentOutcome
from sale_domain.ports.figures import Figures, StoreFigures
from sale_domain.ports.runtime import Clock


class PrometheusMetrics:
    """Count, and tell in Prometheus' text format; each instance has a registry of its own.

    It is what `web` and `sisters` tell of their work, and never raises into it.
    """

    def __init__(self, *, figures: Figures, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin at zero.

        Args:
            figures: Looked through when a scrape asks, at most every few seconds.
            clock: Tells how old the oldest things are.
            monotonic: Seconds that never go back.
        """
        self._look = Look(figures, monotonic=monotonic)
        self._clock = clock
        self._breakers: list[tuple[str, Callable[[], str]]] = []
        self._pools: list[Callable[[], Pool]] = []
        self._requests = counter(catalog.HTTP_REQUESTS)
        self._request_seconds = histogram(catalog.HTTP_SECONDS)
        self._commands = counter(catalog.COMMANDS)
        self._deliveries = counter(catalog.WEBHOOK_DELIVERIES)
        self._calls = counter(catalog.SISTER_CALLS)
        self._call_seconds = histogram(catalog.SISTER_SECONDS)
        self._clients = Gauge(catalog.STREAM_CLIENTS.name, catalog.STREAM_CLIENTS.help, registry=None)
        self._frames = counter(catalog.STREAM_FRAMES)
        self._resyncs = counter(catalog.STREAM_RESYNCS)
        self._closes = counter(catalog.STREAM_CLOSES)
        self._signals = counter(catalog.SIGNAL_MESSAGES)
        self._waits = histogram(catalog.POOL_WAIT)
        # The library finds a series by its labels anew each time, under a lock.
        self._answers = cache(self._answers_of)
        counted = (*(each.value for each in PaymentOutcome), *(each.code for each in BOUNDARY))
        for outcome in (*counted, "refused", "unavailable", "failed"):
            # A series that begins with its first event hides that event from rate().
            self._deliveries.labels(outcome)

    def watch_breaker(self, sister: str, state: Callable[[], str]) -> None:
        """Show a circuit breaker from now on."""
        self._breakers.append((sister, state))

    def watch_pool(self, pool: Callable[[], Pool]) -> None:
        """Show a pool of connections from now on."""
        self._pools.append(pool)

    def connection_awaited(self, seconds: float) -> None:
        """Count a caller of the database by how long it waited for a connection."""
        self._waits.observe(seconds)

    def answered(self, operation: str, *, status: int, seconds: float) -> None:
        """Count an HTTP request; status 0 is a connection that was lost before an answer began."""
        requests, took = self._answers(operation, status // 100)
        requests.inc()
        took.observe(seconds)

    def commanded(self, command: str, *, code: str) -> None:
        """Count a command of a caller by what came of it."""
        self._commands.labels(command, code).inc()

    def payment_told(self, outcome: str) -> None:
        """Count a webhook delivery."""
        self._deliveries.labels(outcome).inc()

    def sister_asked(self, sister: str, outcome: str, seconds: float) -> None:
        """Count a call to a sister service."""
        self._calls.labels(sister, outcome).inc()
        self._call_seconds.labels(sister).observe(seconds)

    def stream_opened(self) -> None:
        """Count a socket of the stream."""
        self._clients.inc()

    def stream_closed(self, code: str) -> None:
        """Count a socket's end."""
        self._clients.dec()
        self._closes.labels(code).inc()

    def frames_sent(self, count: int) -> None:
        """Count frames."""
        self._frames.inc(count)

    def stream_resynced(self) -> None:
        """Count a socket that has to read again."""
        self._resyncs.inc()

    def signalled(self, outcome: str, count: int) -> None:
        """Count what was told to signal."""
        self._signals.labels(outcome).inc(count)

    async def exposition(self) -> tuple[str, bytes]:
        """Return the content type and the text of a scrape; a store that is away is told of, not raised."""
        figures = await self._look.figures()
        return exposed(lambda: self._families(figures))

    def _families(self, figures: StoreFigures | None) -> Iterable[Family]:
        yield from self._counted()
        states = Tally[tuple[str, ...]]((sister, state()) for sister, state in self._breakers)
        yield gauge(catalog.SISTER_BREAKERS, states)
        for pool in self._pools:
            yield from pool_gauges(pool())
        yield from store_gauges(figures, now=self._clock.now())

    def _answers_of(self, operation: str, hundreds: int) -> tuple[Counter, Histogram]:
        outcome = f"{hundreds}xx" if hundreds else "none"
        return self._requests.labels(operation, outcome), self._request_seconds.labels(operation)

    def _counted(self) -> Iterable[Family]:
        counted = (self._requests, self._request_seconds, self._commands, self._deliveries, self._calls)
        stream = (self._clients, self._frames, self._resyncs, self._closes, self._signals)
        yield from families_of(*counted, self._call_seconds, *stream, self._waits)
