"""An embedded Kafka starts, answers, and survives kill -9 with its records."""

import asyncio
import os
import socket
import time
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from sale_adapters.embedded import EmbeddedKafka


def sell(bootstrap: str, *dishes: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id="till-1")
    producer.init_transactions()
    producer.begin_transaction()
    for dish in dishes:
        producer.send("sold", dish)
    producer.commit_transaction()
    producer.close()


def sold(bootstrap: str) -> list[bytes]:
    """Read what is committed, up to the high watermark: a broker killed after a commit has yet to finish it."""
    partition = TopicPartition("sold", 0)
    with KafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_uncommitted") as consumer:
        end = consumer.end_offsets([partition])[partition]
    found: list[bytes] = []
    with KafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed") as consumer:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        deadline = time.monotonic() + 30
        while consumer.position(partition) < end and time.monotonic() < deadline:
            found += [record.value for records in consumer.poll(1000).values() for record in records]
    return found


def open_shop(bootstrap: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic("sold", 1, 1)])
    admin.close()


async def test_records_are_there_after_kill_9_and_after_a_change_of_ports(tmp_path: Path) -> None:
    kafka = EmbeddedKafka(data_dir=tmp_path)
    await kafka.start()
    first = kafka.bootstrap
    await asyncio.to_thread(open_shop, first)
    await asyncio.to_thread(sell, first, b"pho bo", b"pho bo")

    os.kill(kafka.process.pid, 9)
    assert await kafka.process.wait() == -9
    await kafka.start()
    assert "Fencing broker 1" in (tmp_path / "kafka.log").read_text()
    assert kafka.bootstrap == first
    assert await asyncio.to_thread(sold, first) == [b"pho bo", b"pho bo"]
    await kafka.stop()

    host, _, port = first.partition(":")
    with socket.create_server((host, int(port))):
        await kafka.start()
        assert kafka.bootstrap != first
        await asyncio.to_thread(sell, kafka.bootstrap, b"tra da")
        assert await asyncio.to_thread(sold, kafka.bootstrap) == [b"pho bo", b"pho bo", b"tra da"]
        await kafka.stop()
    assert not kafka.process.running
