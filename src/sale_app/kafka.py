"""How the settings say to reach Kafka, to log in there, and what its topics are like."""

from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.topics import Topic
from sale_app.settings import Settings
from sale_domain.events import KAFKA_TOPICS


def kafka_connection(settings: Settings) -> KafkaConnection:
    """Return the connection that the settings describe."""
    options: dict[str, object] = {"security_protocol": settings.kafka_security_protocol}
    if settings.kafka_security_protocol.startswith("SASL_"):
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password,
        }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_cafile"] = settings.kafka_ca_file
    return KafkaConnection(bootstrap=settings.kafka_bootstrap, options=options)


def kafka_topics(settings: Settings) -> list[Topic]:
    """Return the topics as the settings want them."""
    return [
        Topic(name=name, partitions=settings.kafka_partitions, replication_factor=settings.kafka_replication)
        for name in KAFKA_TOPICS
    ]
