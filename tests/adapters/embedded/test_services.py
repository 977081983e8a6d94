"""The fixtures that all other tests stand on."""

import psycopg
import pytest
from kafka.admin import KafkaAdminClient
from redis.asyncio import Redis

import services


async def test_each_service_answers(postgres_url: str, redis_url: str, kafka_bootstrap: str) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        assert await (await connection.execute("SELECT 2 * 65000")).fetchone() == (130000,)
    async with Redis.from_url(redis_url) as client:
        assert await client.ping()
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    assert "orders" not in admin.list_topics()
    admin.close()


def test_a_copy_of_a_database_lives_by_itself_and_is_gone_afterwards(postgres_url: str, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE menu AS SELECT 'phở bò' AS dish")

    with services.fresh_database(postgres_url, copied=database_url) as copy:
        with psycopg.connect(copy) as connection:
            assert connection.execute("SELECT dish FROM menu").fetchone() == ("phở bò",)
            connection.execute("DROP TABLE menu")
        with psycopg.connect(database_url) as connection:
            assert connection.execute("SELECT dish FROM menu").fetchone() == ("phở bò",)

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(copy)
