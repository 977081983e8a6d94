"""Where the parts become one service: the only place that builds things."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import httpx
from sqlalchemy.exc import SQLAlchemyError

from sale_adapters.postgres.allocations import PostgresAllocationUsages
from sale_adapters.postgres.answers import PostgresAnswers
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.feed import PostgresFeed
from sale_adapters.postgres.figures import PostgresFigures
from sale_adapters.postgres.inbox import PostgresInbox
from sale_adapters.postgres.kitchen import PostgresKitchenStations, PostgresKitchenTickets
from sale_adapters.postgres.migrations.pending import wanting
from sale_adapters.postgres.orders import PostgresOrders
from sale_adapters.prometheus import PrometheusMetrics
from sale_adapters.redis.alarm import FEED_CHANNEL, RedisBell
from sale_adapters.redis.connection import connect
from sale_adapters.redis.policy_cache import CachedPolicies
from sale_adapters.sisters.breaker import Breaker
from sale_adapters.sisters.commerce import CommerceCatalog, CommercePaths
from sale_adapters.sisters.identity import JwksTokenVerifier, TokenRules
from sale_adapters.sisters.keys import SigningKeys
from sale_adapters.sisters.policies import HttpPolicies
from sale_adapters.sisters.pricing import HttpPricing
from sale_adapters.sisters.tokens import ServiceTokens
from sale_adapters.sisters.transport import Transport
from sale_adapters.system import SystemClock, UlidIds
from sale_adapters.web.stream import FeedTail
from sale_adapters.wire.tracing import passed_on
from sale_app.in_memory import InMemorySale, compose_in_memory
from sale_app.settings import Settings
from sale_app.telling import telling
from sale_domain.ports.sisters import Catalog, Policies, Pricing, TokenVerifier
from sale_domain.sale import Sale
from sale_domain.use_cases.parts import Parts

__all__ = ["InMemorySale", "Service", "compose", "compose_in_memory"]


@attrs.frozen(kw_only=True)
class Service:
    """The running service.

    Attributes:
        readiness: Tells, per part that nothing works without, why it is not ready; None when it is.
        metrics: Counts what this process does, and looks at the store when asked.
        tail: Follows what is committed, for the live stream.
    """

    sale: Sale
    readiness: Callable[[], Awaitable[Mapping[str, str | None]]]
    metrics: PrometheusMetrics
    tail: FeedTail


@asynccontextmanager
async def compose(settings: Settings) -> AsyncIterator[Service]:
    """Build Sale over PostgreSQL, Redis and the sister services; none of them needs to be there yet.

    Ending the block closes every connection.
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database(
                settings.database_url,
                connections=settings.database_pool_size,
                reserved=settings.webhook_pool_size,
                waited=lambda seconds: metrics.connection_awaited(seconds),  # noqa: PLW0108 - it comes later
            )
        )
        metrics = PrometheusMetrics(figures=PostgresFigures(database), clock=SystemClock())
        metrics.watch_pool(database.connections)
        sisters = await _sisters(settings, stack, metrics)
        tail = FeedTail(PostgresFeed(database), poll_seconds=settings.stream_poll_ms / 1000, keep=settings.stream_queue)
        bell = RedisBell(settings.redis_url, channel=FEED_CHANNEL)
        await stack.enter_async_context(bell.listening(tail.wake))
        orders = telling(PostgresOrders(database), settings, here=(tail.wake,), signalled=metrics.signalled)
        parts = Parts(
            orders=await stack.enter_async_context(orders),
            inbox=PostgresInbox(database),
            usages=PostgresAllocationUsages(database),
            answers=PostgresAnswers(database),
            tickets=PostgresKitchenTickets(database),
            stations=PostgresKitchenStations(database),
            catalog=sisters.catalog,
            pricing=sisters.pricing,
            tokens=sisters.tokens,
            policies=sisters.policies,
            clock=SystemClock(),
            ids=UlidIds(),
        )

        schema = _Schema(settings.database_url)

        async def readiness() -> Mapping[str, str | None]:
            return {"database": await schema.lack() if await database.is_there() else "does not answer"}

        yield Service(sale=Sale(parts), readiness=readiness, metrics=metrics, tail=tail)


@attrs.define
class _Schema:
    """Whether the database has its tables; once it has, it is not asked again."""

    database_url: str
    complete: bool = False

    async def lack(self) -> str | None:
        """Return what is missing; None when nothing is."""
        if not self.complete:
            try:
                self.complete = not await asyncio.to_thread(wanting, self.database_url)
            except SQLAlchemyError:
                return "does not tell its revision: `sale doctor` says why"
        return None if self.complete else "lacks tables: run `sale migrate`"


@attrs.frozen(kw_only=True)
class _Sisters:
    catalog: Catalog
    pricing: Pricing
    tokens: TokenVerifier
    policies: Policies


async def _sisters(settings: Settings, stack: AsyncExitStack, metrics: PrometheusMetrics) -> _Sisters:
    async def client(base_url: str) -> httpx.AsyncClient:
        # Proxies of the environment are for the world outside; the sisters are neighbours.
        # How many connections there are is for the transport to bound, which says so to its callers.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=settings.sister_concurrency)
        return await stack.enter_async_context(httpx.AsyncClient(base_url=base_url, trust_env=False, limits=limits))

    redis = await stack.enter_async_context(connect(settings.redis_url))
    identity = await client(settings.identity_url)
    calling = _calling(settings, metrics)
    # Keys and tokens have a door of their own: a policy's question, which needs a token, must not wait for itself.
    open_door = _watched(calling(sister="identity", client=identity), metrics)
    tokens = ServiceTokens(
        transport=open_door,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        path=settings.identity_token_path,
    )

    def trusted(sister: str, to: httpx.AsyncClient) -> Transport:
        return _watched(calling(sister=sister, client=to, token=tokens.token), metrics)

    return _Sisters(
        catalog=CommerceCatalog(
            transport=trusted("commerce", await client(settings.commerce_url)),
            paths=CommercePaths(
                product_variants=settings.commerce_variants_path,
                product_infos=settings.commerce_infos_path,
                sale_channels=settings.commerce_channels_path,
                categories=settings.commerce_categories_path,
            ),
        ),
        pricing=HttpPricing(
            transport=trusted("pricing", await client(settings.pricing_url)),
            calculate_path=settings.pricing_v1_path,
            calculate_v2_path=settings.pricing_v2_path,
        ),
        tokens=JwksTokenVerifier(
            keys=SigningKeys(transport=open_door, algorithms=settings.jwt_algorithms, path=settings.identity_jwks_path),
            rules=TokenRules(issuer=settings.jwt_issuer, audience=settings.jwt_audience),
            clock=SystemClock(),
        ),
        policies=CachedPolicies(
            asked=HttpPolicies(transport=trusted("identity", identity), path=settings.identity_policies_path),
            redis=redis,
        ),
    )


def _calling(settings: Settings, metrics: PrometheusMetrics) -> Callable[..., Transport]:
    """Return what makes a door to a sister, but for her name, her client and her token; each has its own breaker."""

    def door(**hers: Any) -> Transport:  # noqa: ANN401 - as Transport
        return Transport(
            passed_on=passed_on,
            deadline_seconds=settings.sister_timeout_ms / 1000,
            try_seconds=settings.sister_try_ms / 1000,
            breaker=Breaker(monotonic=time.monotonic, rest_seconds=settings.sister_rest_ms / 1000),
            places=settings.sister_concurrency,
            observe=metrics.sister_asked,
            **hers,
        )

    return door


def _watched(transport: Transport, metrics: PrometheusMetrics) -> Transport:
    metrics.watch_breaker(transport.sister, lambda: transport.breaker.state().value)
    return transport
