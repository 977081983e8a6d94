"""However a client of Kafka fails or ends, no socket and no thread of it is left, without the garbage collector."""

import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

import services
from sale_adapters.embedded import EmbeddedKafka
from sale_adapters.kafka.clients import connected, end_producer
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.reader import LogReader
from sale_adapters.kafka.topics import Topic, ensure_topics

CLIENTS = [KafkaProducer, KafkaConsumer, KafkaAdminClient]
TOPIC = "payment.success"


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[EmbeddedKafka]:
    """Yield a broker that the test may stop and go on with."""
    with services.running(lambda home: EmbeddedKafka(data_dir=home)) as part:
        yield part


@contextmanager
def nothing_left() -> Iterator[None]:
    """Say that the block leaves no file descriptor and no thread, and collects no garbage to get there."""
    gc.collect()
    files, threads = psutil.Process().num_fds(), set(threading.enumerate())
    gc.disable()
    try:
        yield
        deadline = time.monotonic() + 5
        while psutil.Process().num_fds() > files and time.monotonic() < deadline:
            time.sleep(0.05)
        assert set(threading.enumerate()) <= threads
        assert psutil.Process().num_fds() == files
    finally:
        gc.enable()


@contextmanager
def standing_still(kafka: EmbeddedKafka) -> Iterator[None]:
    os.kill(kafka.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(kafka.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_gets_no_answer_leaves_nothing(client: Callable[..., object]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        nowhere = KafkaConnection(bootstrap=f"127.0.0.1:{silent.getsockname()[1]}", patience_seconds=0.3)
        with nothing_left(), pytest.raises(KafkaError):
            connected(client, nowhere, **({} if client is not KafkaConsumer else {"fetch_max_wait_ms": 100}))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_is_refused_again_and_again_leaves_nothing(client: Callable[..., object]) -> None:
    class Unguarded(KafkaConnection):
        def knock(self) -> None:
            """Let the client find out for itself, as when the broker dies behind the door."""

    nowhere = Unguarded(bootstrap="127.0.0.1:1", patience_seconds=0.6)
    with nothing_left(), pytest.raises(KafkaError, match="REFUSED"):
        connected(client, nowhere)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_wants_tls_of_a_server_without_leaves_nothing(
    client: Callable[..., object], own_kafka: EmbeddedKafka
) -> None:
    tls = {"security_protocol": "SSL"}
    plain = KafkaConnection(bootstrap=own_kafka.bootstrap, options=tls, patience_seconds=0.6)
    with nothing_left(), pytest.raises(KafkaError, match="Handshake failed"):
        connected(client, plain)


def test_a_producer_with_records_under_way_ends_at_once_and_leaves_nothing(own_kafka: EmbeddedKafka) -> None:
    connection = KafkaConnection(bootstrap=own_kafka.bootstrap)
    ensure_topics(connection, [Topic(name=TOPIC, partitions=1, replication_factor=1)])
    with nothing_left():
        producer = connected(KafkaProducer, connection)
        producer.send(TOPIC, b"first").get(timeout=20)
        with standing_still(own_kafka):
            for _ in range(3):
                producer.send(TOPIC, b"under way")
            started = time.monotonic()
            end_producer(producer)
            assert time.monotonic() - started < 5


def test_a_reader_whose_broker_stands_still_ends_and_leaves_nothing(own_kafka: EmbeddedKafka) -> None:
    with nothing_left():
        reader = LogReader.connect(KafkaConnection(bootstrap=own_kafka.bootstrap, patience_seconds=1))
        assert reader.cluster_id
        with standing_still(own_kafka):
            reader.close()


def test_a_client_whose_broker_has_gone_holds_no_socket_of_the_tries_that_failed(
    own_kafka: EmbeddedKafka, caplog: pytest.LogCaptureFixture
) -> None:
    reader = LogReader.connect(KafkaConnection(bootstrap=own_kafka.bootstrap))
    gc.disable()
    try:
        files = psutil.Process().num_fds()
        own_kafka.process.kill()
        deadline = time.monotonic() + 30
        while sum("ECONNREFUSED" in record.getMessage() for record in caplog.records) < 12:
            assert time.monotonic() < deadline, "it has stopped trying"
            time.sleep(0.05)
            reader.consumer._cluster.request_update()
        assert psutil.Process().num_fds() <= files
    finally:
        gc.enable()
        reader.close()
