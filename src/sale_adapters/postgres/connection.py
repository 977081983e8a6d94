"""Connections to PostgreSQL: bounded in number and in time, and one place that says what their errors mean."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Self, TypeVar

import attrs
from psycopg import OperationalError, errors

from sale_adapters.postgres.pool import Pool
from sale_adapters.postgres.reasons import in_one_line, is_unmigrated
from sale_adapters.postgres.sessions import TimeOuts
from sale_adapters.postgres.trips import Begin, Query, Row, Session, Trips
from sale_domain.port_errors import StoreBusy, StoreUnavailable

Result = TypeVar("Result")

ATTEMPTS = 5
"""How often a transaction is tried when PostgreSQL gave it up for the sake of another one."""

_AWAY = (
    # Time-outs of statements, locks and the pool; lost, refused and killed connections; a full disk.
    OperationalError,
    errors.IdleInTransactionSessionTimeout,
    errors.TransactionTimeout,
    # A standby that was the primary before.
    errors.ReadOnlySqlTransaction,
)
_BUSY = (errors.LockNotAvailable, errors.SerializationFailure, errors.DeadlockDetected)


@attrs.frozen(kw_only=True)
class Patience:
    """How long to wait, in seconds: for a free connection, a lock, a statement, and ourselves inside a transaction."""

    connection_seconds: float = 2.0
    lock_seconds: float = 3.0
    statement_seconds: float = 5.0
    idle_seconds: float = 5.0
    transaction_seconds: float = 15.0

    def time_outs(self) -> TimeOuts:
        """Return those of them that are the server's."""
        return TimeOuts(
            lock=self.lock_seconds,
            statement=self.statement_seconds,
            idle=self.idle_seconds,
            transaction=self.transaction_seconds,
        )


@attrs.frozen(kw_only=True)
class Connections:
    """How many connections there are, how many of them are free, and how many callers wait for one."""

    size: int
    available: int
    waiting: int


def _untold(_: float) -> None:
    """Tell nobody."""


class Database:
    """A pool of connections; an asynchronous context manager.

    Opening it does not need the database to be there: whoever uses it then gets `StoreUnavailable`.
    """

    def __init__(
        self,
        database_url: str,
        *,
        connections: int = 16,
        reserved: int = 0,
        patience: Patience | None = None,
        waited: Callable[[float], None] = _untold,
    ) -> None:
        """Prepare to connect.

        Args:
            database_url: Where to, as SQLAlchemy or as libpq writes it.
            connections: How many there are at most.
            reserved: How many of them only that work may take which says so (see `transact`).
            patience: How long to wait for what.
            waited: Is told, each time, for how many seconds a caller waited for a connection.
        """
        assert 0 <= reserved < connections, "ordinary work needs a connection too"
        self._patience = patience or Patience()
        self._waited = waited
        self._ordinary = asyncio.Semaphore(connections - reserved)
        self._queueing = 0
        self._pool: Pool[Session] = Pool(
            database_url,
            max_size=connections,
            timeout=self._patience.connection_seconds,
            connection_class=Session,
            application_name="sale",
            time_outs=self._patience.time_outs(),
            # Who has been silent for longer than the server would be is not there any more.
            longest_seconds=self._patience.transaction_seconds + 1,
        )

    async def __aenter__(self) -> Self:
        """Start to connect, in the background."""
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self._pool.close()

    async def transact(
        self,
        work: Callable[[Trips], Awaitable[Result]],
        *,
        begin: Begin = Begin.TO_WRITE,
        reserved: bool = False,
    ) -> Result:
        """Do work in one transaction; it may run again when PostgreSQL chose the transaction as a victim.

        What `work` has not committed when it returns or raises is rolled back. With `reserved` it may take any
        connection, however many others wait; without, none of those that are kept back.

        Raises:
            StoreBusy: a lock was not granted in time, or others won again and again.
            StoreUnavailable: the database is away or too slow.
        """
        async with _errors_said():
            for attempt in range(1, ATTEMPTS):
                try:
                    return await self._once(work, begin, reserved=reserved)
                except (errors.SerializationFailure, errors.DeadlockDetected):
                    # The victims of one collision must not meet again.
                    await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - no secret depends on it
            return await self._once(work, begin, reserved=reserved)

    async def read(self, *queries: Query) -> Sequence[list[Row]]:
        """Ask in one round trip, in one transaction that only reads; return what each question found.

        Raises:
            StoreUnavailable: as `transact`.
        """

        async def work(trips: Trips) -> Sequence[list[Row]]:
            return await trips.go(*queries, commit=True)

        return await self.transact(work, begin=Begin.TO_READ)

    def connections(self) -> Connections:
        """Count the connections of this process, and who waits for one."""
        stats = self._pool.get_stats()
        return Connections(
            size=stats["pool_size"],
            available=stats["pool_available"],
            waiting=stats.get("requests_waiting", 0) + self._queueing,
        )

    async def is_there(self) -> bool:
        """Tell whether the database answers; that others have taken all but the reserved connections is no outage."""
        try:
            async with _errors_said(), self._pool.connection() as connection:
                await connection.execute("SELECT 1")
        except StoreUnavailable:
            return False
        return True

    async def _once(self, work: Callable[[Trips], Awaitable[Result]], begin: Begin, *, reserved: bool) -> Result:
        asked = time.monotonic()
        # The pool rolls back what is left open, and replaces a connection that is broken.
        async with nullcontext() if reserved else self._queue(), self._pool.connection() as connection:
            self._waited(time.monotonic() - asked)
            return await work(Trips(connection, begin=begin))

    @asynccontextmanager
    async def _queue(self) -> AsyncGenerator[None]:
        """Wait outside the pool, so that nothing in front of its door keeps those from it whom it is reserved for."""
        if self._ordinary.locked():
            await self._turn()
        else:
            await self._ordinary.acquire()
        try:
            yield
        finally:
            self._ordinary.release()

    async def _turn(self) -> None:
        self._queueing += 1
        try:
            async with asyncio.timeout(self._patience.connection_seconds):
                await self._ordinary.acquire()
        except TimeoutError:
            self._waited(self._patience.connection_seconds)
            raise StoreUnavailable(reason="all connections are in use") from None
        finally:
            self._queueing -= 1


@asynccontextmanager
async def _errors_said() -> AsyncGenerator[None]:
    """Say it in the domain's words when the database is away."""
    try:
        yield
    except (*_AWAY, errors.UndefinedTable, errors.UndefinedColumn) as error:
        if not (isinstance(error, _AWAY) or is_unmigrated(error)):
            raise
        kind = StoreBusy if isinstance(error, _BUSY) else StoreUnavailable
        raise kind(reason=in_one_line(error)) from error
