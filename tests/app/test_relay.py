"""The relay with a real PostgreSQL and a real Kafka: each row becomes one committed record, whoever is killed."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs
import pytest
from kafka import KafkaConsumer, TopicPartition

from outbox_tables import addresses, insert, make_tables
from relay_world import KITCHEN, PAYMENTS, event
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.topics import Topic, ensure_topics
from sale_app.relay import run_relay
from sale_domain.ids import EventId
from sale_domain.ports.publishing import OutboxRow, PublishedAt
from sale_domain.publishing import RelayPolicy

PARTITIONS = 3
PROGRAM = """
import asyncio, json, logging, sys
from sale_adapters.kafka.connection import KafkaConnection
from sale_app.relay import run_relay
from sale_domain.publishing import RelayPolicy

given = json.loads(sys.argv[1])
logging.basicConfig(level="INFO", format="%(asctime)s %(name)s %(message)s", filename=given["log"])
logging.getLogger("kafka").setLevel("CRITICAL")
asyncio.run(
    run_relay(
        database_url=given["database_url"],
        kafka=KafkaConnection(bootstrap=given["bootstrap"]),
        policy=RelayPolicy(topics=tuple(given["topics"]), batch_size=10, lease_seconds=given["lease_seconds"]),
        shards=given["shards"],
        prefix=given["prefix"],
    )
)
"""


@attrs.frozen(kw_only=True)
class World:
    """A database and two topics of a test's own."""

    database_url: str
    bootstrap: str
    mark: str

    @property
    def topics(self) -> tuple[str, str]:
        return f"{PAYMENTS}-{self.mark}", f"{KITCHEN}-{self.mark}"

    def rows(self, count: int, *, orders: int = 20) -> list[OutboxRow]:
        """Return rows of several orders in many buckets, each order's numbered from 1."""
        numbered: Counter[int] = Counter()
        rows = []
        for number in range(1, count + 1):
            order = number % orders
            numbered[order] += 1
            row = event(number, order=f"order-{order}", seq=numbered[order], bucket=order * 50 % 1024)
            rows.append(attrs.evolve(row, topic=self.topics[number % 7 == 0]))
        return rows

    def records(self) -> dict[str, list[tuple[PublishedAt, EventId, dict[str, str]]]]:
        """Return what an independent `read_committed` consumer finds, by key and in the order of the log."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        found: dict[str, list[tuple[PublishedAt, EventId, dict[str, str]]]] = {}
        try:
            places = [TopicPartition(topic, number) for topic in self.topics for number in range(PARTITIONS)]
            consumer.assign(places)
            ends = consumer.end_offsets(places)
            while any(consumer.position(place) < end for place, end in ends.items()):
                for batch in consumer.poll(timeout_ms=200).values():
                    for record in batch:
                        headers = {name: value.decode() for name, value in record.headers}
                        at = PublishedAt(topic=record.topic, partition=record.partition, offset=record.offset)
                        found.setdefault(record.key.decode(), []).append((at, EventId(headers["ce_id"]), headers))
        finally:
            consumer.close()
        return found

    def check(self, rows: list[OutboxRow]) -> None:
        """Every row is in the log once, at the address that it claims, and each order's rows of a topic in order."""
        records = self.records()
        in_log = {event_id: at for found in records.values() for at, event_id, _ in found}
        assert sum(map(len, records.values())) == len(in_log), "an event is in the log twice"
        assert in_log == addresses(self.database_url)
        assert set(in_log) == {row.event_id for row in rows}
        for topic in self.topics:
            for order, found in records.items():
                sent = [row.event_id for row in rows if row.order_id == order and row.topic == topic]
                assert [event_id for at, event_id, _ in found if at.topic == topic] == sent

    @contextmanager
    def relay(self, *, shards: int, log: str, lease_seconds: float = 1.5) -> Iterator[subprocess.Popen[bytes]]:
        """Run a relay process; it is killed at the end if it is still there."""
        given = {
            "database_url": self.database_url,
            "bootstrap": self.bootstrap,
            "topics": self.topics,
            "shards": shards,
            "prefix": f"test-{self.mark}",
            "log": log,
            "lease_seconds": lease_seconds,
        }
        command = [sys.executable, "-W", "ignore", "-c", PROGRAM, json.dumps(given)]
        process = subprocess.Popen(command)  # noqa: S603 - our own program
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def published(self) -> int:
        return len(addresses(self.database_url))


@pytest.fixture
def world(database_url: str, kafka_bootstrap: str) -> World:
    world = World(database_url=database_url, bootstrap=kafka_bootstrap, mark=uuid.uuid4().hex[:8])
    make_tables(database_url)
    wanted = [Topic(name=topic, partitions=PARTITIONS, replication_factor=1) for topic in world.topics]
    ensure_topics(KafkaConnection(bootstrap=kafka_bootstrap), wanted)
    return world


def wait_until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


async def test_rows_become_records_with_their_envelope_and_a_stop_ends_the_relay(world: World) -> None:
    traced = attrs.evolve(world.rows(1)[0], traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    stop = asyncio.Event()
    running = asyncio.create_task(
        run_relay(
            database_url=world.database_url,
            kafka=KafkaConnection(bootstrap=world.bootstrap),
            policy=RelayPolicy(topics=world.topics),
            prefix=f"test-{world.mark}",
            stop=stop,
        )
    )
    insert(world.database_url, traced)
    await asyncio.to_thread(wait_until, lambda: world.published() == 1)
    stop.set()
    await asyncio.wait_for(running, 5)
    ((_, _, headers),) = world.records()["order-1"]
    assert headers == {
        "ce_specversion": "1.0",
        "ce_id": traced.event_id,
        "ce_type": traced.topic,
        "ce_source": "/v1/api/sale",
        "ce_time": "2026-11-22T12:00:01Z",
        "content-type": "application/json",
        "traceparent": traced.traceparent,
    }
    world.check([traced])


def test_a_relay_killed_again_and_again_in_mid_work_loses_nothing_and_doubles_nothing(
    world: World, tmp_path: os.PathLike[str]
) -> None:
    rows = world.rows(160)
    insert(world.database_url, *rows)
    chance = random.Random(7)  # noqa: S311 - when to kill, not a secret
    kills = 0
    while world.published() < len(rows):
        before = world.published()
        with world.relay(shards=1, log=f"{tmp_path}/relay.log"):
            wait_until(lambda before=before: world.published() > before)  # type: ignore[misc]  # bound now on purpose
            time.sleep(chance.random() * 0.2)
        kills += 1
    assert kills >= 2
    world.check(rows)


def test_when_one_of_two_relays_dies_the_other_takes_its_shards_over_within_seconds(
    world: World, tmp_path: os.PathLike[str]
) -> None:
    rows = world.rows(400)
    with world.relay(shards=3, log=f"{tmp_path}/one.log") as one:
        insert(world.database_url, *rows[:200])
        wait_until(lambda: world.published() > 20)
        with world.relay(shards=3, log=f"{tmp_path}/two.log") as two:
            os.kill(one.pid, signal.SIGSTOP)
            insert(world.database_url, *rows[200:])
            wait_until(lambda: world.published() == len(rows), seconds=30)
            os.kill(one.pid, signal.SIGCONT)
            late = world.rows(401)[400:]
            insert(world.database_url, *late)
            wait_until(lambda: world.published() == len(rows) + 1, seconds=20)
            for process in (one, two):
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=15) == 0
    world.check(rows + late)


def test_another_number_of_shards_is_taken_over_without_loss_or_double(
    world: World, tmp_path: os.PathLike[str]
) -> None:
    rows = world.rows(300)
    insert(world.database_url, *rows)
    with world.relay(shards=1, log=f"{tmp_path}/one.log"):
        wait_until(lambda: world.published() > 20)
        with world.relay(shards=4, log=f"{tmp_path}/four.log"):
            wait_until(lambda: world.published() == len(rows))
    world.check(rows)


def test_a_relay_that_is_told_to_stop_hands_its_shards_over_at_once(world: World, tmp_path: os.PathLike[str]) -> None:
    rows = world.rows(200)
    insert(world.database_url, *rows[:100])
    with world.relay(shards=2, log=f"{tmp_path}/one.log", lease_seconds=600) as one:
        wait_until(lambda: world.published() == 100)
        with world.relay(shards=2, log=f"{tmp_path}/two.log", lease_seconds=600):
            one.send_signal(signal.SIGTERM)
            assert one.wait(timeout=15) == 0
            insert(world.database_url, *rows[100:])
            # A lease that was not given back would last for ten minutes.
            wait_until(lambda: world.published() == len(rows), seconds=20)
    world.check(rows)
