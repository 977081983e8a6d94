"""The operator's side of the outbox on PostgreSQL; every change names one bucket and asks for the state it needs."""

from collections.abc import Sequence
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, Error
from psycopg.rows import dict_row

from sale_adapters.postgres.outbox_sql import IS_HELD_BACK, IS_SET_ASIDE
from sale_adapters.postgres.pool import SOON_NOTICED
from sale_adapters.postgres.reasons import in_one_line
from sale_adapters.postgres.relay_sql import TIME_OUTS
from sale_domain.errors import NotFound
from sale_domain.ids import EventId, OrderId, bucket_of
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.outbox_desk import DeskEntry, NotSetAside, Standing
from sale_domain.ports.publishing import OutboxRow, PublishedAt

Row = dict[str, Any]

_COLUMNS: Final[LiteralString] = f"""
    o.event_id, o.order_id, o.seq, o.topic, o.occurred_at, o.partition, o.log_offset,
    coalesce(o.released_reason, o.set_aside_reason) AS reason,
    CASE WHEN o.published_at IS NOT NULL THEN 'published' WHEN o.released_at IS NOT NULL THEN 'released'
         WHEN o.set_aside_at IS NOT NULL THEN 'set aside'
         WHEN {IS_HELD_BACK} THEN 'held back' ELSE 'waiting' END AS standing,
    CASE WHEN o.set_aside_at IS NULL OR o.released_at IS NOT NULL THEN 0 ELSE (
        SELECT count(*) FILTER (WHERE b.published_at IS NULL AND b.released_at IS NULL) FROM outbox b
        WHERE b.bucket = o.bucket AND b.order_id = o.order_id AND b.seq > o.seq
    ) END AS holds_back
"""  # noqa: S608 - of literals alone

_UNPUBLISHED: Final[LiteralString] = f"""
    SELECT {_COLUMNS} FROM outbox o
    WHERE o.published_at IS NULL AND o.released_at IS NULL AND (o.set_aside_at IS NOT NULL OR NOT %s)
    ORDER BY o.occurred_at, o.order_id, o.seq LIMIT %s
"""  # noqa: S608 - of literals alone

_EVENTS_OF: Final[LiteralString] = f"""
    SELECT {_COLUMNS} FROM outbox o WHERE o.bucket = %s AND o.order_id = %s ORDER BY o.seq
"""  # noqa: S608 - of literals alone

_FIND: Final[LiteralString] = f"""
    SELECT {_COLUMNS}, o.payload, o.traceparent FROM outbox o WHERE o.bucket = %s AND o.event_id = %s
"""  # noqa: S608 - of literals alone

_RETRY: Final[LiteralString] = f"""
    UPDATE outbox SET set_aside_at = NULL, set_aside_reason = NULL WHERE bucket = %s AND event_id = %s
    AND {IS_SET_ASIDE}
"""  # noqa: S608 - of literals alone

_RELEASE: Final[LiteralString] = f"""
    UPDATE outbox SET released_at = now(), released_reason = %s WHERE bucket = %s AND event_id = %s
    AND {IS_SET_ASIDE}
"""  # noqa: S608 - of literals alone


class PostgresOutboxDesk:
    """The `OutboxDesk` port, on a connection for each question: a person asks seldom."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)

    async def unpublished(self, *, set_aside_only: bool, limit: int) -> tuple[DeskEntry, ...]:
        """See `OutboxDesk`."""
        found, _ = await self._ask(_UNPUBLISHED, (set_aside_only, limit))
        return tuple(map(_entry, found))

    async def events_of(self, order_id: OrderId) -> tuple[DeskEntry, ...]:
        """See `OutboxDesk`."""
        try:
            bucket = bucket_of(order_id)
        except ValueError:
            return ()
        found, _ = await self._ask(_EVENTS_OF, (bucket, order_id))
        return tuple(map(_entry, found))

    async def find(self, event_id: EventId) -> tuple[DeskEntry, OutboxRow]:
        """See `OutboxDesk`."""
        found, _ = await self._ask(_FIND, _key(event_id))
        if not found:
            raise NotFound(thing="event")
        return _entry(found[0]), _row(found[0])

    async def retry(self, event_id: EventId) -> None:
        """See `OutboxDesk`."""
        _, changed = await self._ask(_RETRY, _key(event_id))
        await self._need_change(event_id, changed)

    async def release(self, event_id: EventId, *, reason: str) -> None:
        """See `OutboxDesk`."""
        _, changed = await self._ask(_RELEASE, (reason, *_key(event_id)))
        await self._need_change(event_id, changed)

    async def _need_change(self, event_id: EventId, changed: int) -> None:
        if not changed:
            entry, _ = await self.find(event_id)
            raise NotSetAside(event_id=event_id, standing=entry.standing)

    async def _ask(self, statement: LiteralString, values: Sequence[object]) -> tuple[list[Row], int]:
        try:
            async with (
                await AsyncConnection.connect(
                    self._database_url,
                    autocommit=True,
                    application_name="sale-outbox",
                    row_factory=dict_row,
                    **SOON_NOTICED,
                ) as connection,
                connection.transaction(),
            ):
                await connection.execute(TIME_OUTS.said(to=connection, local=True))
                cursor = await connection.execute(statement, values)
                return (await cursor.fetchall() if cursor.description else []), cursor.rowcount
        except Error as error:
            raise StoreUnavailable(reason=in_one_line(error)) from error


def _key(event_id: EventId) -> tuple[int, EventId]:
    try:
        return bucket_of(event_id), event_id
    except ValueError:
        raise NotFound(thing="event") from None


def _entry(row: Row) -> DeskEntry:
    placed = row["log_offset"] is not None
    return DeskEntry(
        event_id=EventId(row["event_id"]),
        order_id=OrderId(row["order_id"]),
        seq=row["seq"],
        topic=row["topic"],
        occurred_at=row["occurred_at"],
        standing=Standing(row["standing"]),
        reason=row["reason"],
        at=PublishedAt(topic=row["topic"], partition=row["partition"], offset=row["log_offset"]) if placed else None,
        holds_back=row["holds_back"],
    )


def _row(row: Row) -> OutboxRow:
    return OutboxRow(
        event_id=EventId(row["event_id"]),
        order_id=OrderId(row["order_id"]),
        seq=row["seq"],
        topic=row["topic"],
        payload=row["payload"].encode(),
        occurred_at=row["occurred_at"],
        traceparent=row["traceparent"],
    )
