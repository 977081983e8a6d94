"""One transaction in as few round trips as it can have: each trip sends all its statements at once.

This module alone knows how statements reach PostgreSQL: prepared, through libpq's pipeline, with one flush a trip.
psycopg's cursors flush each statement by itself, which costs more than twice the processor time.
"""

from binascii import hexlify
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import count
from types import NoneType
from typing import Any, NoReturn, TypeAlias

import attrs
from psycopg import DataError, OperationalError, errors, generators
from psycopg.abc import PQGen, Transformer
from psycopg.adapt import Transformer as RowReader
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from sale_adapters.postgres.pool import PooledConnection
from sale_adapters.postgres.sessions import Way
from sale_adapters.wire import tracing
from sale_domain.errors import SaleError

_GOING_ON: dict[str, str | int] = {"db.system.name": "postgresql"}
_COMMITTING: dict[str, str | int] = {**_GOING_ON, "sale.commits": "true"}

Row = dict[str, Any]
"""A row, by its columns' names."""


class Begin(Enum):
    """How a transaction starts, whatever the server's defaults are."""

    TO_WRITE = b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
    # Every statement of a read sees the same moment, so that an order, its lines and the feed number fit.
    TO_READ = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@attrs.frozen
class Statement:
    """SQL that was compiled once, and the names of its parameters $1, $2, $3 and so on."""

    sql: bytes
    names: tuple[str, ...] = ()

    def __call__(self, **values: object) -> "Query":
        """Return the statement with its parameters' values."""
        return Query(self, values)


@attrs.frozen
class Query:
    """A statement to send.

    Attributes:
        late: What to raise when a lock that it needs is not granted in time; None leaves the error as it is.
        taken: What to raise when it meets a row that is unique; None leaves the error as it is.
    """

    statement: Statement
    values: dict[str, object]
    late: SaleError | None = None
    taken: SaleError | None = None

    def or_late(self, late: SaleError) -> "Query":
        """Return the query with what a lock time-out means here."""
        return attrs.evolve(self, late=late)

    def or_taken(self, taken: SaleError) -> "Query":
        """Return the query with what a violated unique index means here; which one, the statement knows."""
        return attrs.evolve(self, taken=taken)

    def parameters(self) -> list[bytes | None]:
        """Return the values as text, as PostgreSQL reads it; it finds out their types by itself."""
        return [_ENCODERS[type(value)](value) for value in map(self.values.__getitem__, self.statement.names)]


_BEGIN = {begin: Statement(begin.value)() for begin in Begin}
_COMMIT = Statement(b"COMMIT")()

_Step: TypeAlias = tuple[Query, bytes | None]
"""What one result answers: a query, or its preparation under a name."""


class Session(PooledConnection):
    """A connection that remembers what it has prepared, what comes back, and how that is read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - psycopg's own
        super().__init__(*args, **kwargs)
        self.prepared: dict[bytes, bytes] = {}
        self.names = count(1)
        self.reader: Transformer = RowReader(self)
        self._columns: dict[bytes, tuple[str, ...]] = {}

    def rows(self, sql: bytes, result: PGresult) -> list[Row]:
        """Return the rows of a statement's result; what its columns are called never changes."""
        if not result.nfields:
            return []
        names = self._columns.get(sql)
        if names is None:
            names = tuple((result.fname(column) or b"").decode() for column in range(result.nfields))
            self._columns[sql] = names
        self.reader.set_pgresult(result)
        return self.reader.load_rows(0, result.ntuples, lambda values: dict(zip(names, values, strict=True)))


class Trips:
    """A transaction that begins with its first trip and ends with the one that commits."""

    def __init__(self, session: Session, *, begin: Begin) -> None:
        self._session = session
        self._begin: tuple[Query, ...] = (_BEGIN[begin],)
        if session.bounds is not None:
            self._begin += (Statement(session.bounds)(),)
        self._done = False

    async def go(self, *queries: Query, commit: bool = False) -> Sequence[list[Row]]:
        """Send statements, with COMMIT behind them if wanted, in one round trip; return each one's rows.

        The first that fails keeps all behind it, and the COMMIT, from having an effect, and its error is raised.
        Nothing can be looked at before the COMMIT of the same trip: what must not miss has to fail.

        Raises:
            psycopg.Error: what the first failed statement said, unless its `late` or `taken` was to be raised instead.
        """
        assert not self._done, "nothing follows COMMIT"
        before, self._begin, self._done = self._begin, (), commit
        with tracing.step("database", kind=tracing.Kind.CLIENT, facts=_COMMITTING if commit else _GOING_ON):
            results = await self._sent((*before, *queries, *((_COMMIT,) if commit else ())))
        assert not commit or results[-1].command_status == b"COMMIT", "a failed statement would have raised"
        answers = zip(queries, results[len(before) :], strict=False)
        return [self._session.rows(query.statement.sql, result) for query, result in answers]

    async def _sent(self, queries: Sequence[Query]) -> list[PGresult]:
        """Send the queries in one flush and return their results; the first error is raised."""
        parameters = [query.parameters() for query in queries]
        pgconn, steps = self._session.pgconn, list[_Step]()
        pgconn.enter_pipeline_mode()
        try:
            for query, values in zip(queries, parameters, strict=True):
                name, preparation = self._prepared(query, steps)
                pgconn.send_query_prepared(name, values)
                steps += (*preparation, (query, None))
            pgconn.pipeline_sync()
            results = await self._session.wait(_exchange(pgconn, len(steps)))
        finally:
            # One that was ended in the middle cannot; what ended it is told below, and the pool throws it away.
            with suppress(OperationalError):
                pgconn.exit_pipeline_mode()
        for (query, prepares), result in zip(steps, results, strict=False):
            _check(query, result)
            if prepares is not None:
                self._session.prepared[query.statement.sql] = prepares
        return [result for (_, prepares), result in zip(steps, results, strict=True) if prepares is None]

    def _prepared(self, query: Query, steps: Sequence[_Step]) -> tuple[bytes, tuple[_Step, ...]]:
        """Return the query's name on this connection; queue its preparation, if neither past nor among the steps.

        One without a name is prepared for this once, and is nobody else's.
        """
        sql = query.statement.sql
        if self._session.way is Way.LOSES_STATEMENTS:
            self._session.pgconn.send_prepare(b"", sql)
            return b"", ((query, b""),)
        if name := self._session.prepared.get(sql):
            return name, ()
        for other, prepares in steps:
            if prepares is not None and other.statement.sql == sql:
                return prepares, ()
        name = b"sale_%d" % next(self._session.names)
        self._session.pgconn.send_prepare(name, sql)
        return name, ((query, name),)


def _exchange(pgconn: PGconn, steps: int) -> PQGen[list[PGresult]]:
    """Flush what is queued, and read up to the end of the pipeline."""
    yield from generators.send(pgconn)
    results: list[PGresult] = []
    try:
        for _ in range(steps + 1):
            results += yield from generators.fetch_many(pgconn)
    except OperationalError:
        # A server that ends the session says why before it hangs up.
        if not any(result.status == ExecStatus.FATAL_ERROR for result in results):
            raise
    return results[:steps]


def _check(query: Query, result: PGresult) -> None:
    if result.status in (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED):
        error = errors.error_from_result(result)
        if isinstance(error, errors.LockNotAvailable) and query.late is not None:
            raise query.late from error
        if isinstance(error, errors.UniqueViolation) and query.taken is not None:
            raise query.taken from error
        raise error


def _text(value: str) -> bytes:
    if "\0" in value:
        # libpq would end the text there and say nothing.
        raise DataError("PostgreSQL's text cannot hold NUL")
    return value.encode()


def _array(value: Iterable[object]) -> bytes:
    quoted = (str(item).replace("\\", r"\\").replace('"', r"\"") for item in value)
    return b"{" + b",".join(f'"{item}"'.encode() for item in quoted) + b"}"


def _null(_: None) -> None:
    return None


def _hex(value: bytes) -> bytes:
    # As text too: to say of each value which of them is binary would cost more than the digits do.
    return b"\\x" + hexlify(value)


def _said(value: object) -> bytes:
    return str(value).encode()


class _Encoders(dict[type, Callable[[Any], bytes | None]]):
    def __missing__(self, kind: type) -> NoReturn:
        raise AssertionError(f"no statement takes a {kind.__name__}")


_ENCODERS = _Encoders(
    {
        NoneType: _null,
        bytes: _hex,
        str: _text,
        list: _array,
        int: _said,
        bool: _said,
        Decimal: _said,
        datetime: _said,
    }
)
