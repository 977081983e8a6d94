"""What a relay needs: a PostgreSQL that is safe against a crash, Kafka, Redis; and `sale relay` processes on them."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString

import attrs
import psycopg
from kafka import TopicPartition

import filling
from asked import PartFailed
from cpu import cpu_seconds, family_seconds
from filling import Shelf
from orders_world import attempt, checking_out, create, paying
from sale_adapters.embedded import ChildProcess, EmbeddedKafka, EmbeddedPostgres, EmbeddedRedis
from sale_adapters.kafka.reading import consumer_of_committed
from sale_adapters.postgres import Database, PostgresOrders
from sale_app.setting_fields import variable
from sale_domain.events import PAYMENT_SUCCESS

MERCHANTS, PARTITIONS = 100, 12
_ORDERS, _EVENTS = "01KE6YB4M5", "01KE6YB4M6"
_SERVED = """
    SELECT count(owner), count(DISTINCT owner) FROM relay_shards
    WHERE NOT retired AND lease_until > now() AND layout = (SELECT max(layout) FROM relay_layouts)
"""


@attrs.frozen(kw_only=True)
class Burnt:
    """Seconds of processor time."""

    relay: float
    postgres: float
    kafka: float


@attrs.define(kw_only=True)
class RelayRig:
    """Everything but the relays, and how many events there were."""

    home: Path
    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka
    redis: EmbeddedRedis
    template: str = ""
    count: int = 0
    shelf: Shelf = attrs.field(factory=lambda: Shelf.of_sale(_ORDERS, merchants=MERCHANTS))

    def settings(self, **more: str) -> Mapping[str, str]:
        """Return what a process of Sale's is told."""
        told = {
            "database_url": self.postgres.url,
            "redis_url": self.redis.url,
            "kafka_bootstrap": self.kafka.bootstrap,
            "kafka_partitions": str(PARTITIONS),
            "kafka_replication": "1",
            **more,
        }
        named = {variable(name): value for name, value in told.items()}
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **named}

    def process(self, name: str, log: str, **more: str) -> ChildProcess:
        """Return a process of Sale's, unstarted."""
        argv = (sys.executable, "-m", "sale_app", name)
        return ChildProcess(name=f"sale {name}", argv=argv, env=self.settings(**more), log=self.home / f"{log}.log")

    def add_events(self, connection: psycopg.Connection, count: int, *, table: LiteralString = "outbox") -> None:
        """Let so many more wait for Kafka, or in another table."""
        first, self.count = self.count + 1, self.count + count
        filling.fill_outbox(
            connection, self.shelf, events=_EVENTS, template=self.template, first=first, last=self.count, table=table
        )

    @asynccontextmanager
    async def relays(self, *, shards: int, processes: int) -> AsyncGenerator[list[ChildProcess]]:
        """Let relays serve all shards, each of them its share; end with none of them left."""
        children = [self.process("relay", f"relay-{n}", relay_shards=str(shards)) for n in range(processes)]
        try:
            for child in children:
                await child.start()
            await self._until_shared(shards, holders=min(shards, processes))
            yield children
        finally:
            await asyncio.gather(*(child.stop() for child in children))

    async def holders(self) -> int:
        """Return how many processes have a shard."""
        return (await self._served())[1]

    async def _until_shared(self, shards: int, *, holders: int) -> None:
        deadline = time.monotonic() + 60
        while (served := await self._served()) != (shards, holders):
            if time.monotonic() > deadline:
                raise PartFailed(f"of {shards} shards and {holders} relays to share them (shards, relays): {served}")
            await asyncio.sleep(0.1)

    async def _served(self) -> tuple[int, int]:
        async with await psycopg.AsyncConnection.connect(self.postgres.url, autocommit=True) as connection:
            row = await (await connection.execute(_SERVED)).fetchone()
        return row or (0, 0)

    def burnt(self, relays: list[ChildProcess]) -> Burnt:
        """Return what everything has used of the processor so far."""
        return Burnt(
            relay=sum(cpu_seconds(each.pid) for each in relays),
            postgres=family_seconds(self.postgres.process.pid),
            kafka=cpu_seconds(self.kafka.process.pid),
        )


@asynccontextmanager
async def open_relay_rig() -> AsyncGenerator[RelayRig]:
    """Start everything, with one event that Sale has made; end with nothing of it left."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="sale-bench-")))
        postgres, kafka, redis = (
            EmbeddedPostgres(data_dir=home / "postgres"),
            EmbeddedKafka(data_dir=home / "kafka"),
            EmbeddedRedis(data_dir=home / "redis"),
        )
        for part in (postgres, kafka, redis):
            await part.start()
            stack.push_async_callback(part.stop)
        rig = RelayRig(home=home, postgres=postgres, kafka=kafka, redis=redis)
        await rig.process("migrate", "migrate").run()
        async with Database(postgres.url) as database:
            orders = PostgresOrders(database)
            order = await create(orders, merchant_id="merchant-0")
            await orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
            await orders.change(order.id, paying(attempt(order.id, 1_000)), merchant_id=order.merchant_id)
        async with await psycopg.AsyncConnection.connect(postgres.url) as connection:
            ((rig.template,),) = await (await connection.execute("SELECT event_id FROM outbox")).fetchall()
        yield rig


def arrivals(bootstrap: str, *, count: int, timeout_seconds: float) -> list[tuple[str, float]]:
    """Read committed records from the beginning until so many are there; return each one's event, and when it came.

    Blocking, and for a process of its own. It reads on for a second, as one that came twice would come late.
    """
    consumer = consumer_of_committed(bootstrap)
    found: list[tuple[str, float]] = []
    deadline = time.monotonic() + timeout_seconds
    try:
        consumer.assign([TopicPartition(PAYMENT_SUCCESS, number) for number in range(PARTITIONS)])
        while time.monotonic() < deadline:
            enough = len(found) >= count
            for records in consumer.poll(timeout_ms=1_000 if enough else 100).values():
                now = time.monotonic()
                found += ((dict(record.headers)["ce_id"].decode(), now) for record in records)
            if enough and len(found) == count:
                break
            count = max(count, len(found))
    finally:
        consumer.close()
    return found


def refuse_repeats(events: Counter[str], *, count: int) -> None:
    """Hold that every event has one committed record.

    Raises:
        PartFailed: one has none, or more.
    """
    often = sum(number > 1 for number in events.values())
    if often or len(events) != count:
        raise PartFailed(f"of {count} events {len(events)} are in the log, and {often} more than once")
