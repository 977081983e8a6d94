"""Make the topics before anything is sent, and refuse to go on with topics that break a promise."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import Enum
from typing import ClassVar

import attrs
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError, TopicAuthorizationFailedError

from sale_adapters.kafka.clients import connected
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.rights import lacks, missing_right, words
from sale_domain.errors import Conflict
from sale_domain.ports.publishing_errors import EventLogUnavailable

SHORTEST_RETENTION = timedelta(days=1)
"""What is kept for less long may be gone before a consumer that was away for a night has read it."""


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


def doubts(connection: KafkaConnection, topics: Sequence[Topic]) -> tuple[str, ...]:
    """Return what somebody should know of topics that are there and work: what may empty them; blocking.

    Raises:
        TopicDiffers: as `ensure_topics`.
        EventLogUnavailable: Kafka is away, or a topic is.
    """
    try:
        with connected(KafkaAdminClient, connection) as admin:
            return tuple(doubt for topic in topics for doubt in _doubts(admin, topic))
    except KafkaError as error:
        raise EventLogUnavailable(reason=f"at {connection.bootstrap}: {words(error)}") from error


def _doubts(admin: KafkaAdminClient, topic: Topic) -> Iterator[str]:
    _check_partitions(admin, topic)
    try:
        _check_cleanup(admin, topic)
        kept = int(_setting(admin, topic.name, "retention.ms"))
    except EventLogUnavailable as denied:
        yield f"what becomes of old events cannot be seen: {denied.reason}"
        return
    # -1 keeps them for ever.
    if 0 <= kept < SHORTEST_RETENTION / timedelta(milliseconds=1):
        yield f"the topic {topic.name} keeps events for {kept / 1000:g} s only: raise its retention.ms"


def _ensure(admin: KafkaAdminClient, topic: Topic) -> TopicOutcome:
    wanted = {
        "num_partitions": topic.partitions,
        "replication_factor": topic.replication_factor,
        "configs": topic.configuration(),
    }
    try:
        admin.create_topics({topic.name: wanted}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        _check_partitions(admin, topic)
        _check_cleanup(admin, topic)
        return TopicOutcome.PRESENT
    except TopicAuthorizationFailedError as error:
        raise EventLogUnavailable(reason=missing_right("Create", topic=topic.name)) from error
    return TopicOutcome.CREATED


def _check_partitions(admin: KafkaAdminClient, topic: Topic) -> None:
    (description,) = admin.describe_topics([topic.name])
    if description["error_code"]:
        raise EventLogUnavailable(reason=missing_right("Describe", topic=topic.name))
    partitions = len(description["partitions"])
    if partitions != topic.partitions:
        raise TopicDiffers(topic=topic.name, reason=f"has {partitions} partitions instead of {topic.partitions}")


def _check_cleanup(admin: KafkaAdminClient, topic: Topic) -> None:
    policy = _setting(admin, topic.name, "cleanup.policy")
    if "compact" in policy:
        raise TopicDiffers(topic=topic.name, reason=f"its cleanup.policy is {policy}: compaction would remove events")


def _setting(admin: KafkaAdminClient, name: str, setting: str) -> str:
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)], config_filter="all")
    found = described["topic"][name].get(setting)
    if found is None:
        raise EventLogUnavailable(reason=missing_right("DescribeConfigs", topic=name))
    return str(found["value"])
