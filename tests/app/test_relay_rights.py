"""The relay at a Kafka that lets it do only what was granted: it names the right, backs off, and goes on by itself."""

import asyncio
import re
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from typer.testing import CliRunner

from guarded_kafka import PASSWORD, GuardedKafka, Right, guarded_kafka
from outbox_tables import addresses, insert, make_tables
from relay_world import PAYMENTS, event
from sale_adapters.embedded import free_ports
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.log_reader import KafkaLogReader
from sale_adapters.kafka.topics import Topic, ensure_topics, lacking
from sale_app.cli import app
from sale_app.relay import run_relay
from sale_domain.errors import Unavailable
from sale_domain.events import KAFKA_TOPICS
from sale_domain.ports.publishing import PublishedAt
from sale_domain.ports.publishing_errors import EventLogUnavailable
from sale_domain.publishing import RelayPolicy

READ, WRITE = ("READ", "TOPIC", PAYMENTS), ("WRITE", "TOPIC", PAYMENTS)
SHORTEST_WAIT, LONGEST_WAIT = 0.1, 1.0


@pytest.fixture(scope="module")
def kafka() -> Iterator[GuardedKafka]:
    with guarded_kafka() as part:
        wanted = [Topic(name=name, partitions=1, replication_factor=1) for name in KAFKA_TOPICS]
        ensure_topics(part.connection("admin"), wanted)
        yield part


@pytest.fixture
def prefix(kafka: GuardedKafka) -> str:
    """Return a prefix of transactional ids that nobody has a right to, and take every other right."""
    kafka.take_everything()
    return f"relay-{uuid.uuid4().hex[:8]}"


@asynccontextmanager
async def relay(connection: KafkaConnection, *, database_url: str, prefix: str) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(
        run_relay(
            database_url=database_url,
            kafka=connection,
            policy=RelayPolicy(
                topics=(PAYMENTS,), shortest_wait_seconds=SHORTEST_WAIT, longest_wait_seconds=LONGEST_WAIT
            ),
            prefix=prefix,
            stop=stop,
        )
    )
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, 30)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - what is waited for is in other processes
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "granted_and_named",
    [
        ([READ, WRITE], [r"no right to Write on the transactional id {prefix} .*--transactional-id {prefix}"]),
        ([("WRITE", "TRANSACTIONAL_ID", ""), READ], [r"no right to Write on the topic payment\.success .*--topic"]),
        ([("WRITE", "TRANSACTIONAL_ID", ""), WRITE], [r"no right to Read on the topic payment\.success .*--topic"]),
        (
            [("WRITE", "TRANSACTIONAL_ID", "")],
            [r"no right to Read on the topic payment\.success", r"no right to Write on the topic payment\.success"],
        ),
    ],
    ids=["transactional id", "Write", "Read", "the whole topic"],
)
async def test_a_missing_right_is_named_backed_off_from_and_enough_when_it_is_granted(
    kafka: GuardedKafka,
    prefix: str,
    database_url: str,
    granted_and_named: tuple[list[Right], list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    granted, named = granted_and_named
    make_tables(database_url)
    kafka.grant(*((operation, kind, name or prefix) for operation, kind, name in granted))
    insert(database_url, event(1), event(2))
    started = time.monotonic()
    async with relay(kafka.connection(), database_url=database_url, prefix=prefix):

        def complaints() -> list[str]:
            told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
            return [line for line in told if line.startswith(("doubt: ", "cannot begin"))]

        await until(lambda: len(complaints()) >= 6)
        # 0.1, 0.2, 0.4 and 0.8 s, then each second: so many fit into the time, and not one more.
        assert len(complaints()) <= 5 + (time.monotonic() - started) / LONGEST_WAIT
        for line in complaints():
            assert all(re.search(name.format(prefix=prefix), line) for name in named), line
        assert addresses(database_url) == {}

        kafka.grant(READ, WRITE, ("WRITE", "TRANSACTIONAL_ID", prefix))
        await until(lambda: len(addresses(database_url)) == 2)


async def test_a_right_that_is_taken_away_in_mid_work_stops_the_relay_and_nothing_is_lost(
    kafka: GuardedKafka, prefix: str, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_tables(database_url)
    rights = (READ, WRITE, ("WRITE", "TRANSACTIONAL_ID", prefix))
    kafka.grant(*rights)
    async with relay(kafka.connection(), database_url=database_url, prefix=prefix):
        insert(database_url, event(1))
        await until(lambda: len(addresses(database_url)) == 1)
        kafka.take_everything()
        insert(database_url, event(2))
        await until(lambda: any("no right to" in record.getMessage() for record in caplog.records))
        kafka.grant(*rights)
        await until(lambda: len(addresses(database_url)) == 2)


async def test_a_wrong_password_is_said_to_be_wrong(
    kafka: GuardedKafka, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_tables(database_url)
    stranger = kafka.connection(password="swordfish", patience_seconds=1)
    insert(database_url, event(1))
    async with relay(stranger, database_url=database_url, prefix="relay"):
        await until(lambda: any("does not let us log in" in record.getMessage() for record in caplog.records))
    assert "swordfish" not in caplog.text
    assert "SALE_KAFKA_USERNAME" in caplog.text


async def test_the_reconciler_misses_a_right_and_not_the_records_behind_it(kafka: GuardedKafka, prefix: str) -> None:
    assert prefix
    at = PublishedAt(topic=PAYMENTS, partition=0, offset=0)
    async with KafkaLogReader(kafka.connection()) as reader:
        for _ in range(2):
            with pytest.raises(EventLogUnavailable, match=f"no right to Read on the topic {PAYMENTS}"):
                await reader.look_up([at])
        kafka.grant(READ)
        await until(lambda: not any("Read" in lack for lack in lacking(kafka.connection(), [PAYMENTS])))
        never = PublishedAt(topic=PAYMENTS, partition=0, offset=99)
        assert (await reader.look_up([never])).records == {}


def test_migrating_names_each_right_that_it_lacks(kafka: GuardedKafka, prefix: str) -> None:
    assert prefix
    topic = Topic(name=PAYMENTS, partitions=1, replication_factor=1)
    for operation in ("Create", "Describe", "DescribeConfigs"):
        with pytest.raises(Unavailable, match=f"no right to {operation} on the topic {PAYMENTS}"):
            ensure_topics(kafka.connection(), [topic])
        named = {"DescribeConfigs": "DESCRIBE_CONFIGS"}.get(operation, operation.upper())
        kafka.grant((named, "TOPIC", PAYMENTS))
    assert ensure_topics(kafka.connection(), [topic])
    assert [lack.partition(" (")[0] for lack in lacking(kafka.connection(), [PAYMENTS])] == [
        f"no right to Read on the topic {PAYMENTS}",
        f"no right to Write on the topic {PAYMENTS}",
    ]


def test_the_doctor_logs_in_as_the_settings_say_and_names_the_rights_that_are_missing(
    kafka: GuardedKafka, prefix: str
) -> None:
    away = f"127.0.0.1:{free_ports(1)[0]}"
    settings = {
        "SALE_DATABASE_URL": f"postgresql://sale@{away}/sale",
        "SALE_REDIS_URL": f"redis://{away}",
        **{f"SALE_{sister}_URL": f"http://{away}" for sister in ("IDENTITY", "COMMERCE", "PRICING")},
        **{f"SALE_{name}": "sale-rights" for name in ("CLIENT_ID", "CLIENT_SECRET", "JWT_ISSUER", "JWT_AUDIENCE")},
        "SALE_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "SALE_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "SALE_KAFKA_SASL_MECHANISM": "PLAIN",
        "SALE_KAFKA_USERNAME": "sale",
        "SALE_KAFKA_PASSWORD": PASSWORD,
        "COLUMNS": "2000",
    }

    def told() -> str:
        lines = CliRunner(env=settings).invoke(app, ["doctor"]).output.splitlines()
        return next(line for line in lines if line.startswith("Kafka"))

    assert prefix
    assert re.search(r"not well: no right to Read on .*; no right to Write on", told())
    assert "no right to Write on the transactional id sale-relay (" in told()
    kafka.grant(*((operation, "TOPIC", name) for operation in ("READ", "WRITE") for name in KAFKA_TOPICS))
    assert re.search(r"not well: no right to Write on the transactional id sale-relay \([^;]*$", told())
    kafka.grant(("WRITE", "TRANSACTIONAL_ID", "sale-relay"))
    differs = told()
    assert "not well: The topic payment.success exists, but has 1 partitions instead of 12. Make it as docs/" in differs
    settings["SALE_KAFKA_PARTITIONS"] = "1"
    assert re.search(
        r"mind: every topic is there, .*; what becomes of old events cannot be seen: no right to Descr", told()
    )
    kafka.grant(*(("DESCRIBE_CONFIGS", "TOPIC", name) for name in KAFKA_TOPICS))
    assert "good: every topic is there" in told()

    environment = {**settings, "SALE_KAFKA_PASSWORD": "swordfish"}
    command = [sys.executable, "-m", "sale_app", "doctor", "--for", "relay"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours
    assert done.returncode == 1
    assert re.search(r"Kafka +not well: .*Kafka does not let us log in: .*SALE_KAFKA_USERNAME", done.stdout)
    assert done.stderr == "", "what the client says of each of its tries is for nobody"
