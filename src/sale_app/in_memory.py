"""The whole service in one process, over memory: for tests of Sale, and of whatever works with it."""

from collections.abc import Mapping

import attrs
from starlette.routing import Router

from sale_adapters.memory import (
    CapturedEvents,
    ManualClock,
    MemoryAllocationUsages,
    MemoryAnswers,
    MemoryCatalog,
    MemoryFeed,
    MemoryFigures,
    MemoryInbox,
    MemoryKitchenStations,
    MemoryKitchenTickets,
    MemoryOrders,
    MemoryPolicies,
    MemoryPricing,
    MemoryStore,
    MemoryTokens,
    SequentialIds,
    demo_catalog,
    demo_pricing,
)
from sale_adapters.prometheus import PrometheusMetrics
from sale_adapters.web import create_app
from sale_adapters.web.doors import Doors
from sale_adapters.web.stream import FeedTail, Stream
from sale_app.onlookers import NobodyToWake, Onlookers
from sale_domain.ports.runtime import Ids
from sale_domain.ringing_orders import RingingOrders
from sale_domain.sale import Sale
from sale_domain.use_cases.parts import Parts


@attrs.frozen(kw_only=True)
class InMemorySale:
    """The whole service in process, with every part within a test's reach.

    Attributes:
        sale: Every command and query.
        store: The database: what it holds, and `fail_with` to take it away.
        catalog: Commerce, `pricing`: pricing, `policies` and `tokens`: identity; each follows a script (`Scripted`).
        clock: Stands still until it is told to go on.
        ids: Count up, so that the same run gives the same ids.
        events: What Kafka would have been told.
    """

    sale: Sale
    store: MemoryStore
    inbox: MemoryInbox
    catalog: MemoryCatalog
    pricing: MemoryPricing
    tokens: MemoryTokens
    policies: MemoryPolicies
    clock: ManualClock
    ids: Ids
    metrics: PrometheusMetrics
    tail: FeedTail
    events: CapturedEvents

    def asgi(self) -> Router | Doors:
        """Return the HTTP application with the live stream, for httpx's `ASGITransport`."""
        return create_app(
            self.sale,
            readiness=self._readiness,
            metrics=self.metrics,
            stream=Stream(self.sale, tail=self.tail, metrics=self.metrics),
        )

    async def _readiness(self) -> Mapping[str, str | None]:
        away = self.store.fail_with
        return {"database": None if away is None else "does not answer"}


def compose_in_memory(
    *,
    clock: ManualClock | None = None,
    ids: Ids | None = None,
    store: MemoryStore | None = None,
    catalog: MemoryCatalog | None = None,
    pricing: MemoryPricing | None = None,
    tokens: MemoryTokens | None = None,
    policies: MemoryPolicies | None = None,
) -> InMemorySale:
    """Build Sale over memory alone, selling the demo's catalogue at a clock that stands still.

    The clock, the ids, the database and each sister may be given; what else there is works on the database alone.

    Raises:
        ValueError: the store goes by another clock.

    >>> compose_in_memory().catalog.items["variant-pho"].name
    'Phở bò tái'
    """
    clock, ids = clock or ManualClock(), ids or SequentialIds()
    store = store or MemoryStore(clock=clock)
    if store.clock is not clock:
        raise ValueError("The store goes by another clock: give the one that it was made with.")
    catalog, pricing = catalog or demo_catalog(), pricing or demo_pricing()
    tokens, policies = tokens or MemoryTokens(), policies or MemoryPolicies()
    tail = FeedTail(MemoryFeed(store))
    parts = _parts(store, tail, catalog=catalog, pricing=pricing, tokens=tokens, policies=policies, ids=ids)
    return InMemorySale(
        sale=Sale(parts),
        store=store,
        inbox=MemoryInbox(store),
        catalog=catalog,
        pricing=pricing,
        tokens=tokens,
        policies=policies,
        clock=clock,
        ids=ids,
        metrics=PrometheusMetrics(figures=MemoryFigures(store), clock=clock),
        tail=tail,
        events=CapturedEvents(store),
    )


def _parts(
    store: MemoryStore,
    tail: FeedTail,
    *,
    catalog: MemoryCatalog,
    pricing: MemoryPricing,
    tokens: MemoryTokens,
    policies: MemoryPolicies,
    ids: Ids,
) -> Parts:
    return Parts(
        orders=RingingOrders(MemoryOrders(store), alarm=NobodyToWake(), observers=Onlookers(wake=(tail.wake,))),
        inbox=MemoryInbox(store),
        usages=MemoryAllocationUsages(store),
        answers=MemoryAnswers(store),
        tickets=MemoryKitchenTickets(store),
        stations=MemoryKitchenStations(store),
        catalog=catalog,
        pricing=pricing,
        tokens=tokens,
        policies=policies,
        clock=store.clock,
        ids=ids,
    )
