"""What each process is told by its environment."""

import pytest

from sale_app.settings import BadSettings, Process, Settings

RELAY = {"SALE_DATABASE_URL": "postgresql://db/sale", "SALE_KAFKA_BOOTSTRAP": "kafka:9092"}


def test_the_relay_hears_of_redis_when_there_is_one_and_does_without_when_there_is_none() -> None:
    with_redis = Settings.read({**RELAY, "SALE_REDIS_URL": "redis://cache:6379/0"}, process=Process.RELAY)
    assert (with_redis.redis_url, with_redis.signal_channel) == ("redis://cache:6379/0", "signal")
    assert Settings.read(RELAY, process=Process.RELAY).redis_url is None
    with pytest.raises(BadSettings, match="SALE_REDIS_URL must be a URL"):
        Settings.read({**RELAY, "SALE_REDIS_URL": "cache:6379"}, process=Process.RELAY)
