"""Apache Kafka: the event log and its topics."""
