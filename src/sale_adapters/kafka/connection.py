"""Where Kafka is, how to log in, and how long to wait for it."""

import socket
from collections.abc import Mapping

import attrs

from sale_domain.ports.publishing_errors import EventLogUnavailable


@attrs.frozen(kw_only=True)
class KafkaConnection:
    """The part of the client's settings that producer, consumer and admin share.

    Attributes:
        bootstrap: `host:port`, several separated by commas.
        options: More settings of kafka-python (TLS, SASL); they win.
        patience_seconds: For a connection, and for one request.
    """

    bootstrap: str
    options: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    patience_seconds: float = 5.0

    def settings(self) -> dict[str, object]:
        """Return keyword arguments that every client of kafka-python takes."""
        patience_ms = int(self.patience_seconds * 1000)
        return {
            "bootstrap_servers": self._servers(),
            "bootstrap_timeout_ms": patience_ms,
            "request_timeout_ms": patience_ms,
            "reconnect_backoff_max_ms": 1000,
            **self.options,
        }

    def knock(self) -> None:
        """Make sure that some server listens, before a client is made; blocking.

        A client that finds nobody says so in many lines, and leaves sockets and a thread behind.

        Raises:
            EventLogUnavailable: nobody listens.
        """
        if "proxy_url" in self.options:
            return
        reasons = []
        for server in self._servers():
            host, _, port = server.rpartition(":")
            try:
                socket.create_connection((host.strip("[]"), int(port)), self.patience_seconds).close()
            except (OSError, ValueError) as error:
                reasons.append(f"{server}: {error}")
            else:
                return
        raise EventLogUnavailable(reason="; ".join(reasons))

    def _servers(self) -> list[str]:
        return [server.strip() for server in self.bootstrap.split(",")]
