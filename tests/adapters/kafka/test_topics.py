"""Topics are made once, and never quietly taken as they are when they would break a promise."""

import uuid

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaConnectionError

from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.rights import words
from sale_adapters.kafka.topics import Topic, TopicDiffers, TopicOutcome, doubts, ensure_topics, lacking
from sale_domain.ports.publishing_errors import EventLogUnavailable


@pytest.fixture
def connection(kafka_bootstrap: str) -> KafkaConnection:
    return KafkaConnection(bootstrap=kafka_bootstrap)


@pytest.fixture
def name() -> str:
    return f"payment.success-{uuid.uuid4().hex[:8]}"


def test_a_missing_topic_is_made_and_making_it_again_changes_nothing(connection: KafkaConnection, name: str) -> None:
    assert lacking(connection, [name]) == (f"there is no topic {name!r} (`sale migrate` makes it)",)
    topic = Topic(name=name, partitions=4, replication_factor=1)
    assert ensure_topics(connection, [topic]) == {name: TopicOutcome.CREATED}
    assert ensure_topics(connection, [topic]) == {name: TopicOutcome.PRESENT}
    assert lacking(connection, [name]) == ()


def test_another_number_of_partitions_is_refused_because_it_would_break_the_order(
    connection: KafkaConnection, name: str
) -> None:
    ensure_topics(connection, [Topic(name=name, partitions=4, replication_factor=1)])
    with pytest.raises(TopicDiffers, match="has 4 partitions instead of 6"):
        ensure_topics(connection, [Topic(name=name, partitions=6, replication_factor=1)])


def test_a_compacted_topic_is_refused_because_it_would_lose_events(connection: KafkaConnection, name: str) -> None:
    with KafkaAdminClient(bootstrap_servers=connection.bootstrap) as admin:
        compacted = {"num_partitions": 6, "replication_factor": 1, "configs": {"cleanup.policy": "compact"}}
        admin.create_topics({name: compacted}, wait_for_metadata=True)
    with pytest.raises(TopicDiffers, match="compact"):
        ensure_topics(connection, [Topic(name=name, partitions=6, replication_factor=1)])


@pytest.mark.parametrize(
    ("partitions", "made", "said"),
    [
        (6, {"cleanup.policy": "compact"}, "its cleanup.policy is compact"),
        (6, {"cleanup.policy": "compact,delete"}, "its cleanup.policy is compact,delete"),
        (4, {}, "has 6 partitions instead of 4"),
        (6, {"retention.ms": "1000"}, "keeps events for 1 s only"),
        (6, {"retention.ms": "86400000"}, ""),
        (6, {"retention.ms": "-1"}, ""),
    ],
)
def test_whoever_looks_at_topics_that_others_made_sees_what_would_empty_them(
    connection: KafkaConnection, name: str, partitions: int, made: dict[str, str], said: str
) -> None:
    with KafkaAdminClient(bootstrap_servers=connection.bootstrap) as admin:
        topic = {"num_partitions": 6, "replication_factor": 1, "configs": made}
        admin.create_topics({name: topic}, wait_for_metadata=True)

    try:
        seen = "; ".join(doubts(connection, [Topic(name=name, partitions=partitions, replication_factor=1)]))
    except TopicDiffers as differs:
        seen = str(differs)
    assert said in seen
    assert bool(said) is bool(seen)


def test_a_kafka_that_is_away_is_named() -> None:
    nowhere = KafkaConnection(bootstrap="127.0.0.1:1", patience_seconds=0.5)
    with pytest.raises(EventLogUnavailable, match=r"127\.0\.0\.1:1: .*refused"):
        ensure_topics(nowhere, [Topic(name="payment.success", partitions=6, replication_factor=1)])
    with pytest.raises(EventLogUnavailable, match=r"127\.0\.0\.1:1: .*refused"):
        lacking(nowhere, ["payment.success"])


def test_an_error_of_the_client_says_its_name_once() -> None:
    assert words(KafkaConnectionError("nobody listens")) == "KafkaConnectionError: nobody listens"
    assert words(KafkaConnectionError()) == "KafkaConnectionError"
