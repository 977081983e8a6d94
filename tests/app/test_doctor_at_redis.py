"""`sale doctor` looks at Redis with the rights that it names itself, and rings nobody."""

import asyncio

import redis.asyncio

import services
from sale_app.doctor.findings import Seen
from sale_app.doctor.redis import look_at_redis


def test_the_rights_that_are_named_are_enough_and_nobody_hears_of_the_look() -> None:
    with services.redis() as url:
        seen, heard = asyncio.run(_looked_with_the_rights_that_are_named(url))

    assert (seen.words, seen.mind) == ("it keeps and rings", None)
    assert heard == ["subscribe", "subscribe", "pong"]


async def _looked_with_the_rights_that_are_named(url: str) -> tuple[Seen, list[str]]:
    rights = ["+set", "+get", "+pttl", "+multi", "+exec", "+publish", "+subscribe", "+ping"]
    async with redis.asyncio.Redis.from_url(url) as admin, admin.pubsub() as signal:
        await admin.acl_setuser(
            "sale", enabled=True, passwords=["+lotus"], keys=["sale:*"], channels=["*"], commands=rights
        )
        await signal.subscribe("signal", "sale:feed:moved")
        limited = url.replace("redis://", "redis://sale:lotus@")  # pragma: allowlist secret
        seen = await look_at_redis(limited, signal_channel="signal")
        await signal.ping()
        heard = [await signal.get_message(timeout=5) for _ in range(3)]
    return seen, [message["type"] for message in heard]
