"""A look at PostgreSQL: may we in, may we write, and are the tables there?"""

import asyncio
from collections.abc import Mapping

import psycopg
from psycopg.rows import dict_row
from sqlalchemy.exc import SQLAlchemyError

from sale_adapters.postgres.migrations.pending import newer, pending, wanting
from sale_adapters.postgres.schema import METADATA
from sale_adapters.postgres.sessions import Way, way_of
from sale_app.doctor.findings import PATIENCE_SECONDS, NotReachable, NotWell, Seen
from sale_app.unattended import without_relay

_REFUSALS = {
    "password authentication failed": "it refuses our password: check user and password in SALE_DATABASE_URL",
    "no password supplied": "it wants a password, and SALE_DATABASE_URL has none",
    "no pg_hba.conf entry": "its pg_hba.conf does not let this user in from here",
    "role ": "it has no such user: make it as docs/how-to/install.md says, or check SALE_DATABASE_URL",
    "database ": "it has no such database: make it as docs/how-to/install.md says, or check SALE_DATABASE_URL",
    "permission denied for database": "our user may not connect to this database: GRANT CONNECT ON DATABASE … TO …",
    "connection slots are reserved": "it has no connection left: raise its max_connections, or make our pools smaller",
    "too many clients": "it has no connection left: raise its max_connections, or make our pools smaller",
    "too many connections": "it has no connection left for us: raise the limit of this user or database",
}
"""What PostgreSQL says after FATAL, in English, and what that means. It has no codes for it before we are in."""

_NETWORK = {
    "could not translate host name": "no such host name",
    "failed to resolve host": "no such host name",
    "Name or service not known": "no such host name",
    "Connection refused": "nobody listens there",
    "timeout expired": f"no answer within {PATIENCE_SECONDS} s (a firewall or a network policy may swallow it)",
}

_STATE = """
    SELECT pg_is_in_recovery() AS replica, current_setting('transaction_read_only') = 'on' AS read_only,
        current_setting('fsync') = 'off' OR current_setting('synchronous_commit') = 'off' AS forgetful,
        current_setting('max_connections')::int AS connections, current_user AS user,
        to_regclass('relay_shards') IS NOT NULL AS relayed
"""
_RIGHTS = """
    SELECT name || ' (' || string_agg(word, ', ') || ')' FROM unnest(%s::text[]) AS name,
        unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS word
    WHERE to_regclass(quote_ident(name)) IS NOT NULL AND NOT has_table_privilege(quote_ident(name), word)
    GROUP BY name ORDER BY name
"""


async def look_at_database(url: str, *, pool_size: int | None) -> Seen:
    """Return what there is to say of a PostgreSQL with all tables that we may read and write.

    Args:
        url: Where.
        pool_size: How many connections one process takes, if that is known.

    Raises:
        NotWell, NotReachable: see there.
    """
    try:
        async with await psycopg.AsyncConnection.connect(
            url, connect_timeout=PATIENCE_SECONDS, row_factory=dict_row
        ) as connection:
            version = connection.info.server_version // 10_000
            way = await way_of(connection)
            found = await (await connection.execute(_STATE)).fetchone()
            await connection.execute("SET TRANSACTION READ ONLY")
            lacking = await (await connection.execute(_RIGHTS, ([*METADATA.tables],))).fetchall()
            asks = found is not None and found["relayed"] and not lacking
            unattended = await without_relay(connection, events_wait=False) if asks else []
    except psycopg.OperationalError as error:
        raise _refusal(error) from None
    except psycopg.ProgrammingError:
        # Not what it says: that may be a piece of the password.
        raise NotWell("SALE_DATABASE_URL cannot be read: only libpq's options may follow the ?") from None
    assert found is not None
    _check(found, pool_size)
    if lacking:
        tables = ", ".join(str(word) for row in lacking for word in row.values())
        raise NotWell(f"{found['user']} lacks rights on {tables}; grant them as docs/how-to/install.md says")
    schema, mind = await asyncio.to_thread(_schema, url)
    minds = [*([mind] if mind else []), *unattended]
    if way is Way.LOSES_STATEMENTS:
        minds.append("the pooler loses prepared statements, so each is planned anew: PgBouncer keeps them since 1.21")
    if found["forgetful"]:
        minds = ["fsync or synchronous_commit is off: a crash may take back what Sale has answered", *minds]
    behind = "" if way is Way.STRAIGHT else ", behind a pooler"
    return Seen(f"PostgreSQL {version}{behind}, {schema}", "; ".join(minds) or None)


def _check(found: Mapping[str, object], pool_size: int | None) -> None:
    if found["replica"]:
        raise NotWell("it is a replica, which cannot be written; let SALE_DATABASE_URL name the primary")
    if found["read_only"]:
        raise NotWell("it is set to read only (default_transaction_read_only); switch that off for our user")
    connections = found["connections"]
    assert isinstance(connections, int)
    if pool_size is not None and pool_size > connections:
        raise NotWell(
            f"it allows {connections} connections in all, and SALE_DATABASE_POOL_SIZE wants {pool_size} for one serve"
        )


def _schema(url: str) -> tuple[str, str | None]:
    """Return what there is to say of the tables."""
    try:
        if revisions := wanting(url):
            raise NotWell(f"the schema lacks {', '.join(revisions)}; run `sale migrate`")
        if revision := newer(url):
            return f"schema {revision} of a newer Sale, which this one works with", None
        waiting = pending(url)
    except SQLAlchemyError as error:
        reason = str(error).partition("\n")[0]
        raise NotWell(f"its revision cannot be read: {reason}; grant rights as docs/how-to/install.md says") from None
    if waiting:
        return "its schema will do", f"{', '.join(waiting)} is still to come: run `sale migrate`"
    return "schema up to date", None


def _refusal(error: psycopg.OperationalError) -> Exception:
    said = " ".join(str(error).split())
    _, refused, reason = said.partition("fe_sendauth: " if "fe_sendauth: " in said else "FATAL: ")
    if refused:
        for beginning, words in _REFUSALS.items():
            if reason.strip().startswith(beginning) or (" " in beginning.strip() and beginning in reason):
                return NotWell(f"{words} ({reason.strip()})")
        return NotWell(f"it refuses us: {reason.strip()}")
    return NotReachable(next((words for text, words in _NETWORK.items() if text in said), said))
