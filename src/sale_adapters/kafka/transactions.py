"""Find out whether Kafka lets us use transactions, without one."""

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from sale_adapters.kafka.clients import connected, end_producer
from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.rights import words
from sale_domain.ports.publishing_errors import EventLogUnavailable


def try_transactions(connection: KafkaConnection, *, prefix: str) -> None:
    """Ask for a producer of a name that no shard has; blocking. No relay is disturbed, and nothing is sent.

    Args:
        connection: Where to, and as whom.
        prefix: Begins our transactional ids.

    Raises:
        EventLogUnavailable: a right is missing, or the cluster cannot keep transactions.
    """
    milliseconds = int(connection.patience_seconds * 1000)
    try:
        producer = connected(
            KafkaProducer, connection, transactional_id=f"{prefix}-doctor", max_block_ms=milliseconds, acks="all"
        )
        try:
            producer.init_transactions()
        finally:
            end_producer(producer)
    except KafkaTimeoutError as error:
        raise EventLogUnavailable(
            reason="transactions do not work: has the cluster as many brokers as"
            " transaction.state.log.replication.factor wants, and are they well?"
        ) from error
    except KafkaError as error:
        raise EventLogUnavailable(reason=words(error, prefix=prefix)) from error
