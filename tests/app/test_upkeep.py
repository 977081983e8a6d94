"""The chores over PostgreSQL as `sale relay` builds them: swept money wakes the relay as any other does."""

import asyncio

import attrs

from orders_world import attempt, checking_out, create, delivered, fresh_merchant
from processes import eventually
from sale_adapters.postgres import Database, PostgresInbox, PostgresOrders
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.redis.alarm import RELAY_CHANNEL, RedisBell
from sale_adapters.system import SystemClock
from sale_app.setting_fields import Process
from sale_app.settings import Settings
from sale_app.upkeep import upkeep
from sale_domain.ids import BUCKETS, bucket_of


async def test_money_that_was_parked_wakes_the_relay_when_it_is_applied(database_url: str, redis_url: str) -> None:
    await asyncio.to_thread(migrate, database_url)
    async with Database(database_url, connections=1) as database:
        order = await create(PostgresOrders(database), merchant_id=fresh_merchant())
        await PostgresOrders(database).change(order.id, checking_out(), merchant_id=order.merchant_id)
        money = attrs.evolve(delivered(bucket=bucket_of(order.id)), received_at=SystemClock().now())
        await PostgresInbox(database).park(attempt(order.id, 900_000), webhook=money)
    rung: list[None] = []
    bell = RedisBell(redis_url, channel=RELAY_CHANNEL)
    async with bell.listening(lambda: rung.append(None)):
        async with asyncio.timeout(30):
            await bell.hearing.wait()
        rung.clear()
        environment = {
            "SALE_DATABASE_URL": database_url,
            "SALE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "SALE_REDIS_URL": redis_url,
        }
        async with upkeep(Settings.read(environment, process=Process.RELAY)) as chores:
            await chores.apply_recent(range(BUCKETS))
            assert await eventually(lambda: bool(rung))
