"""Say in plain words what Kafka does not let us do, and how an administrator grants it."""

from collections.abc import Iterator, Mapping
from typing import Any

from kafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

_NEEDED = ("Read", "Write")
"""On every topic that is relayed; either of them lets us describe it, too."""


def lacks(topic: Mapping[str, Any]) -> Iterator[str]:
    """Yield what keeps us from relaying to a topic, as `describe_topics` tells of it.

    Asked beforehand, Kafka tells of every missing right at once, and nothing has been sent meanwhile.
    """
    name = topic["name"]
    if topic["error_code"] not in {0, TopicAuthorizationFailedError.errno}:
        yield f"there is no topic {name!r} (`sale migrate` makes it)"
        return
    # An old broker tells of no right at all, not even of the one to describe.
    granted = topic["authorized_operations"] or ([] if topic["error_code"] else ["READ", "WRITE"])
    yield from (missing_right(right, topic=name) for right in _NEEDED if right.upper() not in granted)


def words(error: KafkaError, *, operation: str = "Read", prefix: str = "") -> str:
    """Return what went wrong; of a missing right, which one.

    Args:
        error: The client's.
        operation: What was tried on the topic.
        prefix: Begins our transactional ids.
    """
    if isinstance(error, TopicAuthorizationFailedError):
        # The client names one topic or a set of them.
        (named,) = error.args
        return missing_right(operation, topic=named if isinstance(named, str) else ",".join(sorted(named)))
    if isinstance(error, TransactionalIdAuthorizationFailedError):
        return missing_right("Write", transactional_id=f"{prefix} --resource-pattern-type prefixed")
    if isinstance(error, ClusterAuthorizationFailedError):
        return missing_right("IdempotentWrite", cluster="")
    if isinstance(error, SaslAuthenticationFailedError | UnsupportedSaslMechanismError):
        return f"Kafka does not let us log in: {error}; check SALE_KAFKA_USERNAME, _PASSWORD and _SASL_MECHANISM"
    # It begins with its own name.
    return str(error)


def missing_right(operation: str, **resource: str) -> str:
    """Return the sentence about a right on one resource, and how Kafka's own tool grants it."""
    ((kind, name),) = resource.items()
    what = f"{kind.replace('_', ' ')} {name.partition(' ')[0]}".strip()
    option = f"--{kind.replace('_', '-')} {name}".strip()
    grant = f"kafka-acls.sh --add --allow-principal User:… --operation {operation} {option}"
    return f"no right to {operation} on the {what} ({grant})"
