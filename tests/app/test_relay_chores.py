"""`sale relay` as a process, with a real PostgreSQL and Kafka and every chore on: nothing is left over at the end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import httpx
import psycopg
import pytest

from orders_world import attempt, checking_out, create, delivered, fresh_merchant
from sale_adapters.embedded import free_ports
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.reading import committed_records
from sale_adapters.kafka.topics import Topic, ensure_topics
from sale_adapters.postgres import Database, PostgresInbox, PostgresOrders
from sale_domain.events import KAFKA_TOPICS, PAYMENT_SUCCESS
from sale_domain.ids import OrderId, bucket_of, new_id

# The chores' minutes pass in half a second; all else is `sale relay`.
PROGRAM = """
import attrs, os
from sale_app import relay, upkeep
from sale_app.setting_fields import Process
from sale_app.settings import Settings

chores = upkeep.Upkeep.chores
upkeep.Upkeep.chores = lambda self: tuple(attrs.evolve(chore, every_seconds=0.5) for chore in chores(self))
raise SystemExit(relay.relay_from_settings(Settings.read(os.environ, process=Process.RELAY)))
"""
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=40)

PUBLISHED_LONG_AGO = b"""
    INSERT INTO outbox (bucket, event_id, order_id, seq, merchant_id, topic, payload, occurred_at,
        published_at, partition, log_offset, cluster_id)
    VALUES (7, 'old', 'old', 1, 'merchant-old', 'payment.success', '{}', %(at)s, %(at)s, 0, 0, 'c')
"""
ANSWERED_LONG_AGO = b"""
    INSERT INTO idempotency_keys (bucket, digest, merchant_id, user_id, method, path, key, fingerprint, created_at)
    VALUES (7, 'old', 'merchant-old', 'lan', 'POST', '/', 'k', 'f', %(at)s)
"""


@pytest.fixture
def environment(tables_url: str, kafka_bootstrap: str, redis_url: str) -> Mapping[str, str]:
    topics = [Topic(name=name, partitions=3, replication_factor=1) for name in KAFKA_TOPICS]
    ensure_topics(KafkaConnection(bootstrap=kafka_bootstrap), topics)
    return {
        **os.environ,
        "SALE_DATABASE_URL": tables_url,
        "SALE_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "SALE_REDIS_URL": redis_url,
        "SALE_RELAY_HTTP_PORT": str(free_ports(1)[0]),
        "SALE_WEBHOOK_LOG_DAYS": "30",
        "SALE_RELAY_PREFIX": "chores",
    }


async def leave_work(tables_url: str) -> OrderId:
    """Leave an order whose money was parked before it came, and something old of every kind."""
    async with Database(tables_url, connections=1) as database:
        order = await create(PostgresOrders(database), merchant_id=fresh_merchant())
        await PostgresOrders(database).change(order.id, checking_out(), merchant_id=order.merchant_id)
        bucket = bucket_of(order.id)
        money = attrs.evolve(delivered(bucket=bucket), received_at=NOW)
        await PostgresInbox(database).park(attempt(order.id, 900_000), webhook=money)
        old = new_id(milliseconds=int(LONG_AGO.timestamp() * 1000), randomness=1, bucket=bucket)
        await PostgresInbox(database).log(attrs.evolve(delivered(bucket=bucket), id=old, received_at=LONG_AGO))
    with psycopg.connect(tables_url) as connection:
        connection.execute(PUBLISHED_LONG_AGO, {"at": LONG_AGO})
        connection.execute(ANSWERED_LONG_AGO, {"at": LONG_AGO})
    return order.id


def left(tables_url: str) -> Mapping[str, int]:
    """Count what a relay should not leave."""
    old = "now() - interval '30 days'"
    questions = {
        "parked": "parked_payments",
        "unpublished": "outbox WHERE published_at IS NULL",
        "old events": f"outbox WHERE published_at < {old}",
        "old bodies": f"webhook_log WHERE received_at < {old}",
        "old answers": f"idempotency_keys WHERE created_at < {old}",
    }
    with psycopg.connect(tables_url) as connection:
        counts = {
            what: connection.execute(f"SELECT count(*) FROM {where}".encode()).fetchone()  # noqa: S608 - of literals alone
            for what, where in questions.items()
        }
    return {what: row[0] for what, row in counts.items() if row and row[0]}


def test_a_relay_applies_what_was_parked_tells_signal_drops_what_is_old_and_compares(
    environment: Mapping[str, str], tables_url: str, kafka_bootstrap: str, tmp_path: Path
) -> None:
    order_id, log = asyncio.run(leave_work(tables_url)), tmp_path / "relay.log"
    assert left(tables_url) == {"parked": 1, "old events": 1, "old bodies": 1, "old answers": 1}

    with log.open("wb") as output:
        relay = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-W", "ignore", "-c", PROGRAM], env=environment, stdout=output, stderr=output
        )
    try:
        until(lambda: not left(tables_url) and '"orders": 1' in log.read_text(), told=log.read_text)
        metrics = f"http://127.0.0.1:{environment['SALE_RELAY_HTTP_PORT']}/v1/api/sale/metrics"
        told = 'sale_signal_messages_total{outcome="unheard"} 1.0'
        until(lambda: told in httpx.get(metrics, trust_env=False).text, told=log.read_text)
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(timeout=20) == 0
    finally:
        relay.kill()
        relay.wait()

    (record,) = committed_records(kafka_bootstrap, topic=PAYMENT_SUCCESS, key=order_id, count=1, timeout_seconds=20)
    assert b'"COMPLETED"' in record.value
    assert "ERROR" not in log.read_text()


def until(happened: Callable[[], bool], *, told: Callable[[], str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)
