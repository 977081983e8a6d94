"""A pool of connections that outlives its server: what it hands out is alive, and it is back when the server is."""

import asyncio
import select
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

_TRIES, _BETWEEN_SECONDS = 10, 0.1


class PooledConnection(AsyncConnection[TupleRow]):
    """A connection that a server which is just starting does not put off."""

    @classmethod
    async def connect(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 - psycopg's own
        """See psycopg; a refusal is asked again for a second, as the pool alone would wait longer and longer."""
        for _ in range(_TRIES - 1):
            try:
                return await super().connect(*args, **kwargs)
            except OperationalError:
                await asyncio.sleep(_BETWEEN_SECONDS)
        return await super().connect(*args, **kwargs)

    def hung_up(self) -> bool:
        """Tell whether the server has ended this connection, which is at rest, without asking it.

        A server says nothing unasked but farewell. The rare other word costs a connection, and no call.
        """
        if self.closed:
            return True
        ear = select.poll()
        ear.register(self.pgconn.socket, select.POLLIN)
        return bool(ear.poll(0))


ConnectionType = TypeVar("ConnectionType", bound=PooledConnection)


class Pool(AsyncConnectionPool[ConnectionType]):
    """psycopg's pool; after a restart of the server no caller has to pay for the connections of before."""

    def __init__(self, database_url: str, **options: Any) -> None:  # noqa: ANN401 - psycopg's own
        # A place that cannot be filled is given up, so that the next caller tries at once (see `connect`).
        plain = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        super().__init__(plain, min_size=1, reconnect_timeout=0, open=False, **options)

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncGenerator[ConnectionType]:  # noqa: ASYNC109 - psycopg's
        """See psycopg; those that the server has ended are thrown away, each costing one system call."""
        while True:
            async with super().connection(timeout) as connection:
                if not connection.hung_up():
                    yield connection
                    return
                await connection.close()
