"""Make the topics before anything is sent, and refuse to go on with topics that break a promise."""

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

import attrs
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from sale_adapters.kafka.connection import KafkaConnection
from sale_domain.errors import Conflict
from sale_domain.ports.publishing import EventLogUnavailable


@attrs.frozen(kw_only=True)
class Topic:
    """A topic as Sale needs it.

    Attributes:
        partitions: Fixed for ever: another number would send an order's later events to another partition.
    """

    name: str
    partitions: int
    replication_factor: int

    def configuration(self) -> dict[str, str]:
        """Return what exactly-once rests on: nothing is compacted away, nothing is acknowledged by one broker alone."""
        return {
            "cleanup.policy": "delete",
            "min.insync.replicas": str(max(1, self.replication_factor - 1)),
            "unclean.leader.election.enable": "false",
        }


class TopicOutcome(Enum):
    """What `ensure_topics` did about a topic."""

    CREATED = "created"
    PRESENT = "present"


@attrs.define(kw_only=True, eq=False)
class TopicDiffers(Conflict):
    """A topic exists, but not as Sale needs it; it is left as it is."""

    code: ClassVar[str] = "topic-differs"
    topic: str
    reason: str

    def __str__(self) -> str:
        return f"The topic {self.topic} exists, but {self.reason}."


def ensure_topics(connection: KafkaConnection, topics: Sequence[Topic]) -> dict[str, TopicOutcome]:
    """Create the topics that are missing and check the others; blocking; repeating it changes nothing.

    Raises:
        TopicDiffers: an existing topic has another number of partitions, or is compacted.
        EventLogUnavailable: Kafka is away or denies it.
    """
    connection.knock()
    try:
        with KafkaAdminClient(**connection.settings()) as admin:
            return {topic.name: _ensure(admin, topic) for topic in topics}
    except KafkaError as error:
        where = connection.bootstrap
        raise EventLogUnavailable(reason=f"{type(error).__name__} at {where}: {error}") from error


def missing_topics(connection: KafkaConnection, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the topics that are not there, or that we may not see; blocking.

    Raises:
        EventLogUnavailable: Kafka is away.
    """
    connection.knock()
    try:
        with KafkaAdminClient(**connection.settings()) as admin:
            return tuple(topic["name"] for topic in admin.describe_topics(list(names)) if topic["error_code"])
    except KafkaError as error:
        raise EventLogUnavailable(reason=f"{type(error).__name__} at {connection.bootstrap}: {error}") from error


def _ensure(admin: KafkaAdminClient, topic: Topic) -> TopicOutcome:
    wanted = {
        "num_partitions": topic.partitions,
        "replication_factor": topic.replication_factor,
        "configs": topic.configuration(),
    }
    try:
        admin.create_topics({topic.name: wanted}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        _check(admin, topic)
        return TopicOutcome.PRESENT
    return TopicOutcome.CREATED


def _check(admin: KafkaAdminClient, topic: Topic) -> None:
    (description,) = admin.describe_topics([topic.name])
    partitions = len(description["partitions"])
    if partitions != topic.partitions:
        raise TopicDiffers(topic=topic.name, reason=f"has {partitions} partitions instead of {topic.partitions}")
    policy = _cleanup_policy(admin, topic.name)
    if "compact" in policy:
        raise TopicDiffers(topic=topic.name, reason=f"its cleanup.policy is {policy}: compaction would remove events")


def _cleanup_policy(admin: KafkaAdminClient, name: str) -> str:
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)], config_filter="all")
    return str(described["topic"][name]["cleanup.policy"]["value"])
