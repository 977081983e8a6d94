"""The relay with a real Kafka that is wrong, away, killed, or held up by somebody: it says so, waits, and recovers."""

import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import pytest
from kafka import KafkaProducer

import services
from outbox_tables import addresses, insert, make_tables
from relay_world import PAYMENTS, event
from sale_adapters.embedded import EmbeddedKafka
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.event_log import KafkaEventLog
from sale_adapters.kafka.reading import committed_records
from sale_adapters.kafka.topics import Topic, ensure_topics
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_adapters.redis.alarm import RELAY_CHANNEL, RedisAlarm
from sale_app.relay import run_relay
from sale_app.relay_log import RelayLog
from sale_app.relay_process import RelayProcess
from sale_domain.ports.publishing import OutboxRow
from sale_domain.publishing import RelayPolicy
from spoken import said

pytestmark = pytest.mark.long


@attrs.frozen(kw_only=True)
class World:
    """A database of a test's own, and the name of a topic that does not exist yet."""

    database_url: str
    topic: str

    def row(self, number: int) -> OutboxRow:
        return attrs.evolve(event(number), topic=self.topic)

    def commit(self, *numbers: int) -> None:
        insert(self.database_url, *map(self.row, numbers))

    def make_topic(self, bootstrap: str) -> None:
        ensure_topics(
            KafkaConnection(bootstrap=bootstrap), [Topic(name=self.topic, partitions=1, replication_factor=1)]
        )

    async def published(self, count: int, *, seconds: float = 60) -> None:
        await until(lambda: len(addresses(self.database_url)) >= count, seconds=seconds)

    def check(self, bootstrap: str, *numbers: int) -> None:
        """These events and no others are in the log, once each, in order, where the outbox says that they are."""
        records = committed_records(bootstrap, topic=self.topic, count=len(numbers) + 1, timeout_seconds=3)
        assert [record.headers["ce_id"] for record in records] == [self.row(number).event_id for number in numbers]
        places = {record.headers["ce_id"]: record.offset for record in records}
        assert places == {event_id: at.offset for event_id, at in addresses(self.database_url).items()}

    @asynccontextmanager
    async def relay(
        self, bootstrap: str, *, policy: RelayPolicy | None = None, redis_url: str | None = None
    ) -> AsyncIterator[None]:
        stop = asyncio.Event()
        running = asyncio.create_task(
            run_relay(
                database_url=self.database_url,
                kafka=KafkaConnection(bootstrap=bootstrap, patience_seconds=2),
                policy=policy or RelayPolicy(topics=(self.topic,), longest_wait_seconds=1.0),
                prefix=self.topic,
                redis_url=redis_url,
                stop=stop,
            )
        )
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(running, 30)


async def until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - what is waited for is in other processes
            await asyncio.sleep(0.005)


def doubts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [said(record) for record in caplog.records if record.getMessage().startswith("doubt: ")]


@pytest.fixture
def world(database_url: str) -> World:
    make_tables(database_url)
    return World(database_url=database_url, topic=f"{PAYMENTS}-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def own_kafka() -> Iterator[EmbeddedKafka]:
    """Yield a broker that the test may kill."""
    with services.running(lambda home: EmbeddedKafka(data_dir=home)) as part:
        yield part


async def test_an_idle_relay_is_woken_and_does_not_wait_for_its_poll(
    world: World, kafka_bootstrap: str, redis_url: str
) -> None:
    world.make_topic(kafka_bootstrap)
    world.commit(1)
    sleepy = RelayPolicy(topics=(world.topic,), poll_seconds=300)
    numbers = range(2, 22)
    took: list[float] = []
    async with (
        world.relay(kafka_bootstrap, policy=sleepy, redis_url=redis_url),
        RedisAlarm(redis_url, channel=RELAY_CHANNEL) as alarm,
    ):
        await world.published(1)
        for number in numbers:
            # Nothing but the ring can explain it: the next look is five minutes away.
            world.commit(number)
            started = time.monotonic()
            alarm.ring()
            await world.published(number, seconds=30)
            took.append(time.monotonic() - started)
    median, worst = statistics.median(took) * 1000, max(took) * 1000
    print(f"from the commit to the record read back and marked: median {median:.0f} ms, worst {worst:.0f} ms")  # noqa: T201 - a figure for the documents
    world.check(kafka_bootstrap, 1, *numbers)


async def test_a_lost_wake_up_costs_the_poll_and_nothing_else(
    world: World, kafka_bootstrap: str, redis_url: str
) -> None:
    world.make_topic(kafka_bootstrap)
    policy = RelayPolicy(topics=(world.topic,), poll_seconds=3.0)
    async with world.relay(kafka_bootstrap, policy=policy, redis_url=redis_url):
        world.commit(1)
        await world.published(1)
        # Nobody rings: whoever should have, died after the commit.
        world.commit(2)
        # The poll, and what a busy machine adds.
        await world.published(2, seconds=policy.poll_seconds + 20)
    world.check(kafka_bootstrap, 1, 2)


async def test_with_a_redis_that_is_away_polling_goes_on(world: World, kafka_bootstrap: str) -> None:
    world.make_topic(kafka_bootstrap)
    async with world.relay(kafka_bootstrap, redis_url="redis://127.0.0.1:1"):
        world.commit(1)
        await world.published(1)
        world.commit(2)
        await world.published(2)


async def test_a_missing_topic_is_named_without_a_busy_loop_and_found_when_it_is_made(
    world: World, kafka_bootstrap: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.commit(1, 2)
    async with world.relay(kafka_bootstrap):
        await until(lambda: len(doubts(caplog)) >= 3)
        assert all(f"no topic '{world.topic}'" in doubt and "sale migrate" in doubt for doubt in doubts(caplog))
        waits = [float(doubt.partition("retry_seconds=")[2].split()[0]) for doubt in doubts(caplog)]
        assert waits[:3] == [0.1, 0.2, 0.4]
        await asyncio.to_thread(world.make_topic, kafka_bootstrap)
        await world.published(2)
    world.check(kafka_bootstrap, 1, 2)


async def test_a_kafka_that_is_not_there_yet_is_waited_for(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.commit(1, 2)
    with tempfile.TemporaryDirectory(prefix="sale-tests-") as home:
        kafka = EmbeddedKafka(data_dir=Path(home))
        # Only a broker that has run knows its port.
        await kafka.start()
        world.make_topic(kafka.bootstrap)
        await kafka.stop()
        async with world.relay(kafka.bootstrap):
            await until(lambda: len(doubts(caplog)) >= 4)
            assert all(kafka.bootstrap in doubt and "not available" in doubt for doubt in doubts(caplog))
            await kafka.start()
            await world.published(2)
            world.check(kafka.bootstrap, 1, 2)
        await kafka.stop()


async def test_a_kafka_killed_and_restarted_in_mid_work_loses_nothing_and_doubles_nothing(
    world: World, own_kafka: EmbeddedKafka
) -> None:
    world.make_topic(own_kafka.bootstrap)
    numbers = range(1, 121)
    policy = RelayPolicy(topics=(world.topic,), batch_size=3, longest_wait_seconds=1.0)
    async with world.relay(own_kafka.bootstrap, policy=policy):
        for kill in (1, 2):
            world.commit(*numbers[(kill - 1) * 60 : kill * 60])
            await world.published((kill - 1) * 60 + 10)
            own_kafka.process.kill()
            await own_kafka.start()
            await world.published(kill * 60, seconds=120)
    world.check(own_kafka.bootstrap, *numbers)


async def test_an_open_transaction_of_somebody_else_is_waited_for_and_complained_of_until_it_ends(
    world: World, kafka_bootstrap: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.make_topic(kafka_bootstrap)
    stranger = KafkaProducer(
        bootstrap_servers=kafka_bootstrap, transactional_id=f"stranger-{world.topic}", transaction_timeout_ms=300_000
    )
    stranger.init_transactions()
    stranger.begin_transaction()
    stranger.send(world.topic, b"{}").get(timeout=20)
    world.commit(1, 2)
    stop = asyncio.Event()
    async with PostgresRelayOutbox(world.database_url) as outbox:
        process = RelayProcess(
            outbox=outbox,
            log=KafkaEventLog(connection=KafkaConnection(bootstrap=kafka_bootstrap)),
            policy=RelayPolicy(topics=(world.topic,)),
            shards=1,
            prefix=world.topic,
            stop=stop,
            observer=partial(RelayLog, patience_seconds=2),
        )
        running = asyncio.create_task(process.run())
        await until(lambda: any("waiting since" in record.getMessage() for record in caplog.records))
        (told, *_) = [record for record in caplog.records if "waiting since" in record.getMessage()]
        assert told.levelname == "ERROR"
        assert f"topic={world.topic} partition=0 position=0 watermark=1" in said(told)
        assert addresses(world.database_url) == {}
        await asyncio.to_thread(stranger.abort_transaction)
        await world.published(2)
        stop.set()
        await asyncio.wait_for(running, 30)
    await asyncio.to_thread(stranger.close)
    world.check(kafka_bootstrap, 1, 2)
