"""An embedded Redis starts, answers, and survives kill -9."""

import os
from pathlib import Path

import pytest
from redis.asyncio import Redis

from sale_adapters.embedded import EmbeddedRedis, PartFailed


async def test_what_was_set_is_there_after_kill_9_and_a_start_on_the_same_data(tmp_path: Path) -> None:
    redis = EmbeddedRedis(data_dir=tmp_path)
    await redis.start()
    url = redis.url
    async with Redis.from_url(url, decode_responses=True) as client:
        await client.set("dish", "phở bò")

    os.kill(redis.process.pid, 9)
    assert await redis.process.wait() == -9
    await redis.start()

    assert redis.url == url
    async with Redis.from_url(url, decode_responses=True) as client:
        assert await client.get("dish") == "phở bò"
    await redis.stop()
    assert not redis.process.running


async def test_a_start_that_fails_says_what_redis_said(tmp_path: Path) -> None:
    (tmp_path / "appendonly.aof").write_text("not a command\n")
    redis = EmbeddedRedis(data_dir=tmp_path)

    with pytest.raises(PartFailed, match=r"(?s)Redis ended with exit code 1 before it was ready.*Bad file format"):
        await redis.start()
