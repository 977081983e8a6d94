"""A real PostgreSQL, Redis and Apache Kafka as child processes: for `sale demo` and for the tests alike."""

from sale_adapters.embedded.errors import DirectoryInUse, EmbeddedError, PartFailed, PartUnavailable
from sale_adapters.embedded.kafka import EmbeddedKafka
from sale_adapters.embedded.parts import EmbeddedParts, Part
from sale_adapters.embedded.ports import free_ports, is_free
from sale_adapters.embedded.postgres import EmbeddedPostgres
from sale_adapters.embedded.process import ChildProcess
from sale_adapters.embedded.redis import EmbeddedRedis

__all__ = [
    "ChildProcess",
    "DirectoryInUse",
    "EmbeddedError",
    "EmbeddedKafka",
    "EmbeddedParts",
    "EmbeddedPostgres",
    "EmbeddedRedis",
    "Part",
    "PartFailed",
    "PartUnavailable",
    "free_ports",
    "is_free",
]
