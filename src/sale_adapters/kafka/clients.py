"""Clients of kafka-python that leave no socket and no thread behind, however they fail or end.

Its own do: a constructor that fails keeps its thread and its sockets; a connection that is refused keeps its socket
until the garbage collector comes; closing forgets a socket that still has something to send; and a producer with
unsent records refuses to close and goes on for ever. A relay that waits for Kafka makes new clients again and again,
so each of these would add up.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, TypeVar

from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError, SaslAuthenticationFailedError
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaSSLTransport

from sale_adapters.kafka.connection import KafkaConnection

C = TypeVar("C")

_SCHEME = "no-proxy"
_CLOSE_SECONDS = 2.0


def connected(client: Callable[..., C], connection: KafkaConnection, **settings: object) -> C:
    """Make a producer, consumer or admin client; blocking. If that fails nothing is left of it.

    Args:
        client: The class.
        connection: Where to.
        settings: More for this client, besides the connection's.

    Raises:
        EventLogUnavailable: nobody listens.
        KafkaError: somebody does, but it cannot be talked to.
    """
    connection.knock()
    with ExitStack() as opened:
        tried: list[_Connections] = []

        def network(**configs: Any) -> KafkaNetClient:  # noqa: ANN401 - the client is untyped
            loop = _Network(**configs)
            tried.append(_Connections(loop, **configs))
            made = KafkaNetClient(net=loop, manager=tried[0])
            opened.callback(made.close)
            return made

        # The client takes a class of sockets by the scheme of its proxy, and by the context of TLS.
        ours = {"proxy_url": f"{_SCHEME}://", **connection.settings()}
        if str(ours.get("security_protocol")).endswith("SSL"):
            ours["ssl_context"] = _tls(ours)
        try:
            made = client(**ours, **settings, kafka_client=network)
        except KafkaTimeoutError as timeout:
            # It tells only that no connection came about.
            raise _reason(tried[0].failure or timeout, connection) from None
        opened.pop_all()
    return made


def _reason(failure: Exception, connection: KafkaConnection) -> Exception:
    # A broker answers a wrong password and hangs up; the client sees that it hangs up, and does not read the answer.
    if "sasl_mechanism" in connection.options and "socket disconnected" in str(failure):
        failure = SaslAuthenticationFailedError("the server hangs up when we try to")
    return failure


def _tls(settings: Mapping[str, object]) -> ssl.SSLContext:
    names = KafkaSSLTransport.DEFAULT_CONFIG
    context: ssl.SSLContext = KafkaSSLTransport._build_ssl_context(
        {name: settings.get(name, names[name]) for name in names}
    )
    context.sslsocket_class = _TlsSocket
    return context


def end_producer(producer: KafkaProducer) -> None:
    """Close a producer at once, whatever it still has to send; blocking, for two seconds at most."""
    # Its close() first waits for the records that are under way, and gives up when they do not come through.
    producer._sender.force_close()
    producer.close(timeout=_CLOSE_SECONDS)


class _Network(NetworkSelector):  # type: ignore[misc]  # the client is untyped
    """The client's event loop, which at its end closes every socket that it has waited for."""

    def __init__(self, **configs: object) -> None:
        super().__init__(**configs)
        self._sockets: set[socket.socket] = set()

    def register_event(self, fileobj: socket.socket, event: int, task: object) -> None:
        if fileobj not in self._sockets:
            self._sockets = {one for one in self._sockets if one.fileno() >= 0} | {fileobj}
        super().register_event(fileobj, event, task)

    def close(self) -> None:
        super().close()
        for one in self._sockets:
            one.close()


class _Connections(KafkaConnectionManager):  # type: ignore[misc]  # as above
    """The client's connections; it remembers why the first that failed did."""

    failure: Exception | None = None

    def get_connection(self, node_id: object, **how: object) -> Any:  # noqa: ANN401 - the client is untyped
        connection = super().get_connection(node_id, **how)
        connection.init_future.add_errback(self._failed)
        return connection

    def _failed(self, why: Exception) -> None:
        self.failure = self.failure or why


class _Socket(KafkaNetSocket):  # type: ignore[misc]  # as above
    """Connects as the client's own does, and closes what does not connect."""

    SCHEMES = (_SCHEME,)

    async def sock_connect(
        self, net: NetworkSelector, sock: socket.socket, sockaddr: object, timeout_at: float | None = None
    ) -> socket.socket:
        try:
            await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise
        return sock


class _TlsSocket(ssl.SSLSocket):
    """Closes itself when the other side does not know TLS, or cannot be trusted."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as the standard library has it
        try:
            super().do_handshake(block)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            self.close()
            raise
