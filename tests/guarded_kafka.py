"""A real Kafka that lets nobody do anything without a right: users with passwords, and lists of who may do what."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

import services
from sale_adapters.embedded import EmbeddedKafka
from sale_adapters.kafka.clients import connected
from sale_adapters.kafka.connection import KafkaConnection

PASSWORD = "open-sesame"
"""Of the user `sale`."""
_PASSWORDS = {"admin": "of-the-house", "sale": PASSWORD}
_USERS = " ".join(f'user_{name}="{password}"' for name, password in _PASSWORDS.items())
_SETTINGS = {
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "listener.name.plaintext.plain.sasl.jaas.config": (
        "org.apache.kafka.common.security.plain.PlainLoginModule required"
        f' username="admin" password="{_PASSWORDS["admin"]}" {_USERS};'
    ),
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # The controller's own listener knows no names; nobody but the broker talks to it.
    "super.users": "User:admin;User:ANONYMOUS",
}

Right = tuple[str, str, str]
"""What, of which kind, named: ("WRITE", "TOPIC", "payment.success")."""


@attrs.frozen(kw_only=True)
class GuardedKafka:
    """A broker at which Sale's user `sale` may do what was granted, and nothing else."""

    bootstrap: str

    def connection(self, user: str = "sale", *, password: str | None = None, **more: float) -> KafkaConnection:
        """Return how a user logs in."""
        options = {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": user,
            "sasl_plain_password": password or _PASSWORDS[user],
        }
        return KafkaConnection(bootstrap=self.bootstrap, options=options, **more)

    def grant(self, *rights: Right) -> None:
        """Give the rights to `sale`."""
        with connected(KafkaAdminClient, self.connection("admin")) as admin:
            admin.create_acls([_acl(right) for right in rights])

    def take_everything(self) -> None:
        """Leave `sale` without any right."""
        everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
        with connected(KafkaAdminClient, self.connection("admin")) as admin:
            admin.delete_acls([ACLFilter("User:sale", "*", ACLOperation.ANY, ACLPermissionType.ANY, everything)])


@contextmanager
def guarded_kafka() -> Iterator[GuardedKafka]:
    """Run such a broker."""
    with services.running(lambda home: EmbeddedKafka(data_dir=home, settings=_SETTINGS)) as part:
        yield GuardedKafka(bootstrap=part.bootstrap)


def _acl(right: Right) -> ACL:
    operation, kind, name = right
    # kafka-acls.sh calls "prefixed" what we want for a family of transactional ids.
    pattern = ACLResourcePatternType.PREFIXED if kind == "TRANSACTIONAL_ID" else ACLResourcePatternType.LITERAL
    return ACL(
        "User:sale",
        "*",
        ACLOperation[operation],
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType[kind], name, pattern),
    )
