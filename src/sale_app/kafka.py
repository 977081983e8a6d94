"""How the settings say to reach Kafka, and to log in there."""

from sale_adapters.kafka.connection import KafkaConnection
from sale_app.settings import Settings


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
