"""The relay as a process: every shard that it can lease, until it is told to stop."""

import asyncio
import logging
import os
from contextlib import AsyncExitStack, nullcontext
from typing import TYPE_CHECKING

from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.event_log import KafkaEventLog
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_adapters.prometheus import RelayMetrics
from sale_adapters.redis.alarm import RELAY_CHANNEL, RedisBell
from sale_adapters.system import SystemClock
from sale_app.asgi import listen
from sale_app.chores import Chore
from sale_app.collecting import collect_seldom
from sale_app.kafka import kafka_connection
from sale_app.logs import start_logging
from sale_app.relay_http import answering, relay_app
from sale_app.relay_log import RelayLog
from sale_app.relay_observers import RelayObservers
from sale_app.relay_process import RelayProcess
from sale_app.settings import Settings
from sale_app.stopping import told_to_stop
from sale_app.telemetry import telemetry, traced
from sale_app.upkeep import upkeep
from sale_domain.events import KAFKA_TOPICS
from sale_domain.ports.publishing import USUAL_PREFIX
from sale_domain.publishing import RelayPolicy

if TYPE_CHECKING:
    from sale_adapters.otel import OtelTracer

_WOKEN_POLL_SECONDS = 0.25
"""With a Redis that wakes the relay, polling is only the safety net."""


def relay_from_settings(settings: Settings) -> int:
    """Run the relay as the settings say until it is told to stop; return the exit code."""
    start_logging(settings)
    # The client tells every lost connection in many lines; the relay tells it in one.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    with telemetry(os.environ, process="relay") as tracer:
        asyncio.run(_relay(settings, tracer))
    return 0


async def _relay(settings: Settings, tracer: "OtelTracer | None") -> None:
    metrics = RelayMetrics(clock=SystemClock())
    async with AsyncExitStack() as stack:
        if settings.relay_http_port is not None:
            listening = listen(settings.relay_http_host, settings.relay_http_port)
            await stack.enter_async_context(answering(relay_app(metrics), listening))
        chores = await stack.enter_async_context(upkeep(settings, tell=metrics, signalled=metrics.signalled))
        collect_seldom()
        await run_relay(
            database_url=settings.database_url,
            kafka=kafka_connection(settings),
            policy=RelayPolicy(topics=KAFKA_TOPICS, poll_seconds=_WOKEN_POLL_SECONDS if settings.redis_url else 0.1),
            shards=settings.relay_shards,
            prefix=settings.relay_prefix,
            chores=chores.chores(),
            redis_url=settings.redis_url,
            metrics=metrics,
            tracer=tracer,
        )


async def run_relay(
    *,
    database_url: str,
    kafka: KafkaConnection,
    policy: RelayPolicy,
    shards: int = 1,
    prefix: str = USUAL_PREFIX,
    redis_url: str | None = None,
    stop: asyncio.Event | None = None,
    chores: tuple[Chore, ...] = (),
    metrics: RelayMetrics | None = None,
    tracer: "OtelTracer | None" = None,
) -> None:
    """Publish what the outbox holds until SIGTERM, SIGINT or `stop`; wait for a database or a Kafka that is away.

    Args:
        database_url: A PostgreSQL that has been migrated.
        kafka: Where the topics are.
        policy: Topics, batch size, times.
        shards: Into how many parts the buckets are cut, for all relay processes together.
        prefix: Of the transactional ids; one for each database, or two Sales would shut each other out.
        redis_url: Where serve says that there is work; None to do with polling.
        stop: Set it to end the relay without a signal.
        chores: What else to do for the buckets of the shards that this process holds.
        metrics: Counts what is published, and is told what this process holds.
        tracer: Follows each event's sending as a part of the trace that caused it.
    """
    metrics = metrics or RelayMetrics(clock=SystemClock())
    stop = stop or asyncio.Event()
    with told_to_stop(stop.set):
        async with PostgresRelayOutbox(database_url) as outbox:
            process = RelayProcess(
                outbox=outbox,
                log=traced(KafkaEventLog(connection=kafka), tracer),
                policy=policy,
                shards=shards,
                prefix=prefix,
                stop=stop,
                chores=chores,
                observer=lambda: RelayObservers((RelayLog(), metrics)),
            )
            metrics.standing = process.standing
            await _woken(process, redis_url)


async def _woken(process: RelayProcess, redis_url: str | None) -> None:
    """Run the process, and let it hear when there is work."""
    async with RedisBell(redis_url, channel=RELAY_CHANNEL).listening(process.wake) if redis_url else nullcontext():
        await process.run()
