"""A pool of connections that outlives its server: what it hands out is alive, and it is back when the server is.

No call waits for ever. A server or a road that has died without a word is noticed by the kernel, where it can be, and
else by us: a connection that was held for longer than the server itself allows is cut.
"""

import asyncio
import logging
import os
import select
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Self, TypeVar

import psycopg
from psycopg import AsyncConnection, OperationalError
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from sale_adapters.postgres.sessions import TimeOuts, Way, way_of

_LOG = logging.getLogger("sale.postgres")
_TRIES, _BETWEEN_SECONDS = 10, 0.1
_OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)

SOON_NOTICED: Final[Mapping[str, Any]] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""Arguments of every connection: the kernel ends one whose other side is gone within some ten seconds."""


class PooledConnection(AsyncConnection[TupleRow]):
    """A connection that a server which is just starting does not put off.

    Attributes:
        way: What stands between us and the server; found out when the connection is set up.
        bounds: What each transaction has to begin with, so that it ends in time; None where the session sees to it.
    """

    way: Way = Way.STRAIGHT
    bounds: bytes | None = None

    @classmethod
    async def connect(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 - psycopg's own
        """See psycopg; a refusal is asked again for a second, as the pool alone would wait longer and longer."""
        for _ in range(_TRIES - 1):
            try:
                return await super().connect(*args, **kwargs)
            except OperationalError:
                await asyncio.sleep(_BETWEEN_SECONDS)
        return await super().connect(*args, **kwargs)

    async def set_up(self, time_outs: TimeOuts) -> None:
        """Let no statement, lock or forgotten transaction outlive these times, whoever stands in between."""
        self.way = await way_of(self)
        if self.way is Way.STRAIGHT:
            await self.execute(time_outs.said(to=self, local=False))
        else:
            self.bounds = time_outs.said(to=self, local=True)
        # What psycopg has prepared it lets the server forget at every rollback, and all that we have with it.
        self.prepare_threshold = None
        await self.execute("SET TimeZone = 'UTC'")

    @asynccontextmanager
    async def bounded(self) -> AsyncGenerator[None]:
        """Bound the block: by the session or, where that cannot be, by a transaction around it."""
        if self.bounds is None:
            yield
            return
        async with self.transaction():
            await self.execute(self.bounds)
            yield

    def hung_up(self) -> bool:
        """Tell whether the server has ended this connection, which is at rest, without asking it.

        A server says nothing unasked but farewell. The rare other word costs a connection, and no call.
        """
        if self.closed:
            return True
        ear = select.poll()
        ear.register(self.pgconn.socket, select.POLLIN)
        return bool(ear.poll(0))

    async def rolled_back(self) -> None:
        """Roll back what is still open; a connection that cannot is replaced by the pool."""
        if self.pgconn.transaction_status in _OPEN:
            with suppress(psycopg.Error):
                await self.rollback()

    @contextmanager
    def cut_after(self, seconds: float) -> Generator[None]:
        """Cut the connection if the block has not ended by then: whoever waits for the server finds it lost.

        To cancel the waiting would not do: psycopg then asks the server to stop, and waits for that without a limit.
        """
        timer = asyncio.get_running_loop().call_later(seconds, self._cut, seconds)
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self, seconds: float) -> None:
        _LOG.warning("PostgreSQL has not answered for %g s: the connection is given up", seconds)
        with suppress(OperationalError, OSError), socket.socket(fileno=os.dup(self.pgconn.socket)) as road:
            road.shutdown(socket.SHUT_RDWR)


ConnectionType = TypeVar("ConnectionType", bound=PooledConnection)


class Pool(AsyncConnectionPool[ConnectionType]):
    """psycopg's pool; after a restart of the server no caller has to pay for the connections of before."""

    def __init__(
        self,
        database_url: str,
        *,
        application_name: str,
        time_outs: TimeOuts,
        longest_seconds: float,
        **options: Any,  # noqa: ANN401 - psycopg's own
    ) -> None:
        """Set up a pool.

        Args:
            database_url: Where to, as SQLAlchemy or as libpq writes it.
            application_name: What the server calls its sessions.
            time_outs: The server's.
            longest_seconds: For which nobody holds a connection; more than the server's own time-outs allow.
            options: More of psycopg's.
        """

        async def configured(connection: ConnectionType) -> None:
            with connection.cut_after(longest_seconds):
                await connection.set_up(time_outs)

        self._longest_seconds = longest_seconds
        # A place that cannot be filled is given up, so that the next caller tries at once (see `connect`).
        super().__init__(
            database_url.replace("postgresql+psycopg://", "postgresql://", 1),
            min_size=1,
            reconnect_timeout=0,
            open=False,
            configure=configured,
            kwargs={"autocommit": True, "application_name": application_name, **SOON_NOTICED},
            **options,
        )

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncGenerator[ConnectionType]:  # noqa: ASYNC109 - psycopg's
        """See psycopg; but what is left open is rolled back, and a connection with nothing open is not asked."""
        connection = await self._living(timeout)
        with connection.cut_after(self._longest_seconds):
            try:
                yield connection
            finally:
                try:
                    await connection.rolled_back()
                finally:
                    await self.putconn(connection)

    async def _living(self, timeout: float | None) -> ConnectionType:  # noqa: ASYNC109 - psycopg's
        """Return a connection; those that the server has ended are thrown away, each costing one system call."""
        while (connection := await self.getconn(timeout)).hung_up():
            await connection.close()
            await self.putconn(connection)
        return connection
