"""Looking into PostgreSQL from outside, for tests that make commands wait."""

import asyncio

import psycopg


async def until_waiting(connection: psycopg.AsyncConnection, *, sessions: int, within_seconds: float = 5.0) -> None:
    """Wait until so many sessions of this database wait for a lock."""
    async with asyncio.timeout(within_seconds):
        while await _waiting(connection) != sessions:  # noqa: ASYNC110 - another process cannot set an event of ours
            await asyncio.sleep(0.01)


async def _waiting(connection: psycopg.AsyncConnection) -> int:
    found = await connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    ((count,),) = await found.fetchall()
    return int(count)
