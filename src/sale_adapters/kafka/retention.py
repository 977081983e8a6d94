"""How long a topic keeps its records."""

from datetime import timedelta

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import AuthorizationError

_LONGEST = timedelta(days=36_500)


def retention_of(admin: KafkaAdminClient, topic: str) -> timedelta | None:
    """Return how long a topic keeps every record; None when size bounds it too, or we may not know; blocking.

    Raises:
        KafkaError: Kafka is away.
    """
    try:
        described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    except AuthorizationError:
        return None
    # Whoever may not see a topic's settings is shown none.
    found = {name: int(described["topic"][topic][name]["value"]) for name in _NAMES & described["topic"][topic].keys()}
    if found.keys() != _NAMES or found["retention.bytes"] >= 0:
        return None
    kept = found["retention.ms"]
    return _LONGEST if kept < 0 else min(timedelta(milliseconds=min(kept, 10**15)), _LONGEST)


_NAMES = {"retention.ms", "retention.bytes"}
