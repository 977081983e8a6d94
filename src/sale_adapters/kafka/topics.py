"""Make the topics before anything is sent, and refuse to go on with topics that break a promise."""

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

import attrs
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError, TopicAuthorizationFailedError

from sale_adapters.kafka.clients import connected
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.rights import lacks, missing_right, words
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
    try:
        with connected(KafkaAdminClient, connection) as admin:
            return {topic.name: _ensure(admin, topic) for topic in topics}
    except KafkaError as error:
        raise EventLogUnavailable(reason=f"at {connection.bootstrap}: {words(error)}") from error


def lacking(connection: KafkaConnection, names: Sequence[str]) -> tuple[str, ...]:
    """Return what keeps the relay from these topics, topics and rights that are missing; blocking.

    Raises:
        EventLogUnavailable: Kafka is away.
    """
    try:
        with connected(KafkaAdminClient, connection) as admin:
            return tuple(lack for topic in admin.describe_topics(list(names)) for lack in lacks(topic))
    except KafkaError as error:
        raise EventLogUnavailable(reason=f"at {connection.bootstrap}: {words(error)}") from error


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
    except TopicAuthorizationFailedError as error:
        raise EventLogUnavailable(reason=missing_right("Create", topic=topic.name)) from error
    return TopicOutcome.CREATED


def _check(admin: KafkaAdminClient, topic: Topic) -> None:
    (description,) = admin.describe_topics([topic.name])
    if description["error_code"]:
        raise EventLogUnavailable(reason=missing_right("Describe", topic=topic.name))
    partitions = len(description["partitions"])
    if partitions != topic.partitions:
        raise TopicDiffers(topic=topic.name, reason=f"has {partitions} partitions instead of {topic.partitions}")
    policy = _cleanup_policy(admin, topic.name)
    if "compact" in policy:
        raise TopicDiffers(topic=topic.name, reason=f"its cleanup.policy is {policy}: compaction would remove events")


def _cleanup_policy(admin: KafkaAdminClient, name: str) -> str:
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)], config_filter="all")
    policy = described["topic"][name].get("cleanup.policy")
    if policy is None:
        raise EventLogUnavailable(reason=missing_right("DescribeConfigs", topic=name))
    return str(policy["value"])
