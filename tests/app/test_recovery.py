"""The relay's manual, rehearsed with real processes: a database restored from a backup, and a rebuilt Kafka cluster.

What is done here is what docs/how-to/operate-the-relay.md tells an operator to do.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import psycopg
import pytest
from kafka import KafkaAdminClient, TopicPartition

import services
from orders_world import attempt, checking_out, create, paying
from outbox_tables import addresses
from sale_adapters.embedded import EmbeddedKafka, EmbeddedPostgres
from sale_adapters.kafka.reading import committed_records
from sale_adapters.postgres import Database, PostgresOrders
from sale_domain.events import PAYMENT_SUCCESS
from sale_domain.ids import EventId
from sale_domain.ports.publishing import PublishedAt

pytestmark = pytest.mark.long


@attrs.frozen(kw_only=True)
class Site:
    """A database and a Kafka of a test's own, and an operator's hands."""

    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka
    home: Path

    @property
    def environment(self) -> Mapping[str, str]:
        kafka = {"SALE_KAFKA_BOOTSTRAP": self.kafka.bootstrap, "SALE_KAFKA_REPLICATION": "1"}
        return {**os.environ, **kafka, "SALE_KAFKA_PARTITIONS": "1", "SALE_DATABASE_URL": self.postgres.url}

    def migrate(self) -> None:
        """Run `sale migrate`."""
        command = [sys.executable, "-m", "sale_app", "migrate"]
        subprocess.run(command, env=self.environment, check=True, timeout=60, stdout=subprocess.DEVNULL)  # noqa: S603 - our own

    @contextmanager
    def relay(self) -> Iterator[None]:
        """Run `sale relay`, and stop it in good order at the end."""
        command = [sys.executable, "-W", "ignore", "-m", "sale_app", "relay"]
        with self.log.open("wb") as log:
            relay = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)  # noqa: S603 - our own
        try:
            yield
            relay.send_signal(signal.SIGTERM)
            assert relay.wait(timeout=30) == 0
        finally:
            relay.kill()
            relay.wait()

    @property
    def log(self) -> Path:
        return self.home / "relay.log"

    async def sell(self) -> EventId:
        """Sell two bowls, paid in full; return the event that tells of it."""
        async with Database(self.postgres.url, connections=1) as database:
            orders = PostgresOrders(database)
            order = await create(orders)
            await orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
            made = await orders.change(order.id, paying(attempt(order.id, 900_000, uid="a1")), merchant_id=None)
        (message,) = made.decision.messages
        return message.event_id

    def published(self, *events: EventId) -> Mapping[EventId, PublishedAt]:
        """Return where the events lie, once the outbox says that all of them do."""
        until(lambda: addresses(self.postgres.url).keys() >= set(events))
        return addresses(self.postgres.url)

    def in_log(self, count: int) -> list[str]:
        """Return the events that consumers see, in their order."""
        found = committed_records(self.kafka.bootstrap, topic=PAYMENT_SUCCESS, count=count, timeout_seconds=20)
        return [record.headers["ce_id"] for record in found]

    def sql(self, statement: bytes, *, database: str = "sale") -> None:
        url = urlsplit(self.postgres.url)._replace(path=f"/{database}").geturl()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    def back_up(self) -> None:
        self.sql(b"CREATE DATABASE backup TEMPLATE sale", database="postgres")

    def restore(self) -> None:
        self.sql(b"DROP DATABASE sale WITH (FORCE)", database="postgres")
        self.sql(b"CREATE DATABASE sale TEMPLATE backup", database="postgres")

    def says(self, *words: str) -> None:
        """Wait until the relay has logged a line with all of these words."""
        until(lambda: any(all(word in line for word in words) for line in self.log.read_text().splitlines()))

    def forget_the_beginning(self) -> None:
        """Let Kafka's retention delete all that the log has."""
        admin = KafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
        try:
            admin.delete_records({TopicPartition(PAYMENT_SUCCESS, 0): -1})
        finally:
            admin.close()


def until(happened: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        postgres = stack.enter_context(
            services.running(lambda home: EmbeddedPostgres(data_dir=home / "postgres", durable=False))
        )
        kafka = stack.enter_context(services.running(lambda home: EmbeddedKafka(data_dir=home / "kafka")))
        site = Site(postgres=postgres, kafka=kafka, home=tmp_path)
        site.migrate()
        yield site


async def test_after_a_restore_nothing_that_kafka_has_is_sent_again_and_the_rest_is(site: Site) -> None:
    with site.relay():
        before = await site.sell()
        site.published(before)
    # In the backup this one waits; Kafka gets it later.
    waiting = await site.sell()
    site.back_up()
    with site.relay():
        after = await site.sell()
        told = site.published(before, waiting, after)

    # Every relay is stopped.
    site.restore()
    site.migrate()
    with site.relay():
        again = await site.sell()
        marked = site.published(before, waiting, again)

    assert site.in_log(4) == [before, waiting, after, again]
    assert (marked[before], marked[waiting]) == (told[before], told[waiting])
    assert after not in marked


async def test_a_restore_behind_kafkas_retention_halts_until_a_person_has_decided(site: Site) -> None:
    with site.relay():
        before = await site.sell()
        site.published(before)
    waiting = await site.sell()
    site.back_up()
    with site.relay():
        site.published(before, waiting)
    site.forget_the_beginning()

    site.restore()
    site.migrate()
    with site.relay():
        site.says("halted", "is not in the log")
    assert site.in_log(0) == []

    site.sql(b"DELETE FROM relay_offsets")
    with site.relay():
        site.published(before, waiting)
    assert site.in_log(1) == [waiting]


async def test_a_rebuilt_cluster_halts_the_relay_until_the_old_log_is_forgotten(site: Site) -> None:
    with site.relay():
        published = await site.sell()
        site.published(published)
    waiting = await site.sell()
    await site.kafka.stop()
    for path in site.kafka.data_dir.iterdir():
        if path.name not in ("ports.json", "lock"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    await site.kafka.start()
    site.migrate()

    with site.relay():
        site.says("halted", "cluster")
    assert site.in_log(0) == []

    site.sql(b"DELETE FROM relay_offsets")
    with site.relay():
        fresh = await site.sell()
        site.published(published, waiting, fresh)
    assert site.in_log(2) == [waiting, fresh]
