"""Whose the sessions are. PostgreSQL's own are set up once; a pooler may give every transaction another one.

PgBouncer in transaction mode is such a pooler. Behind one, time-outs are said in each transaction, and whether a
statement may be prepared under a name depends on what the pooler knows. (It keeps a client's time zone by itself.)
"""

import uuid
from enum import Enum
from typing import Any, LiteralString

import attrs
from psycopg import AsyncConnection, generators
from psycopg.pq import ExecStatus
from psycopg.rows import tuple_row

_TRANSACTION_TIMEOUT_SINCE = 170000

_WHO_ANSWERS: LiteralString = "SELECT pg_backend_pid()"
_IS_KNOWN: LiteralString = "SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE name = %s)"


class Way(Enum):
    """What stands between us and the server."""

    STRAIGHT = "nothing"
    KEEPS_STATEMENTS = "a pooler that keeps each client's prepared statements apart"
    LOSES_STATEMENTS = "a pooler that hands prepared statements on from client to client"


@attrs.frozen(kw_only=True)
class TimeOuts:
    """After how many seconds the server gives up: a wait for a lock, a statement, our silence, a transaction."""

    lock: float
    statement: float
    idle: float
    transaction: float

    def said(self, *, to: AsyncConnection[Any], local: bool) -> bytes:
        """Return the statement that sets them, for the rest of the session or, `local`, of the transaction."""
        waits = {
            "lock_timeout": self.lock,
            "statement_timeout": self.statement,
            "idle_in_transaction_session_timeout": self.idle,
        }
        if to.info.server_version >= _TRANSACTION_TIMEOUT_SINCE:
            waits["transaction_timeout"] = self.transaction
        set_all = (f"set_config('{name}', '{round(seconds * 1000)}ms', {local})" for name, seconds in waits.items())
        return f"SELECT {', '.join(set_all)}".encode()


async def way_of(connection: AsyncConnection[Any]) -> Way:
    """Find out, in one question; behind a pooler in some more."""
    asking = connection.cursor(row_factory=tuple_row)
    found = await (await asking.execute(_WHO_ANSWERS)).fetchone()
    # A pooler greets with a number of its own, which it needs to tell whom a cancellation is meant for.
    if found == (connection.info.backend_pid,):
        return Way.STRAIGHT
    return Way.LOSES_STATEMENTS if await _hands_names_on(connection) else Way.KEEPS_STATEMENTS


async def _hands_names_on(connection: AsyncConnection[Any]) -> bool:
    """Tell whether the server knows a prepared statement by our name: it must have been translated."""
    name = f"sale_{uuid.uuid4().hex}"
    async with connection.transaction():
        connection.pgconn.send_prepare(name.encode(), _WHO_ANSWERS.encode())
        (result,) = await connection.wait(generators.execute(connection.pgconn))
        assert result.status == ExecStatus.COMMAND_OK, result.error_message
        asking = connection.cursor(row_factory=tuple_row)
        (known,) = await (await asking.execute(_IS_KNOWN, (name,))).fetchone() or (True,)
        if known:
            await connection.execute(f'DEALLOCATE "{name}"'.encode())
    return bool(known)
