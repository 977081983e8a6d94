"""The relay's side of the outbox on PostgreSQL: leases by the database's clock, and a fence that every write checks."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Self

from psycopg import AsyncConnection, Error
from psycopg.rows import TupleRow
from psycopg_pool import PoolClosed, PoolTimeout

from sale_adapters.postgres import relay_sql as sql
from sale_adapters.postgres.pool import Pool
from sale_adapters.postgres.reasons import in_one_line
from sale_adapters.postgres.trips import Begin, Query, Session, Trips
from sale_domain.ids import EventId, OrderId, bucket_of
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.publishing import USUAL_PREFIX, Layout, Lease, LogRecord, OutboxRow, Partition, Recorded, Shard
from sale_domain.ports.publishing_errors import Fenced

Connection = AsyncConnection[TupleRow]


class PostgresRelayOutbox:
    """The `Outbox` port on a small connection pool of its own; an asynchronous context manager."""

    def __init__(
        self, database_url: str, *, connections: int = 4, patience_seconds: float = 3.0, longest_seconds: float = 6.0
    ) -> None:
        self._pool: Pool[Session] = Pool(
            database_url,
            connection_class=Session,
            max_size=connections,
            timeout=patience_seconds,
            application_name="sale-relay",
            time_outs=sql.TIME_OUTS,
            longest_seconds=longest_seconds,
        )

    async def __aenter__(self) -> Self:
        """Start the pool; the database may still be away."""
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self._pool.close()

    async def newest_layout(self) -> Layout | None:
        """See `Outbox`."""
        layouts = await self._layouts(sql.LAYOUTS)
        return layouts[-1] if layouts else None

    async def add_layout(self, *, number: int, shards: int, prefix: str = USUAL_PREFIX) -> Layout:
        """See `Outbox`."""
        layout = Layout(number=number, shards=shards, ready=False, prefix=prefix)
        async with self._transaction() as connection:
            made = await connection.execute(sql.ADD_LAYOUT, (number, shards, prefix))
            if made.rowcount:
                rows = [(shard.buckets.start, number, shard.index) for shard in layout.parts()]
                await connection.cursor().executemany(sql.ADD_SHARD, rows)
                return layout
        return next(existing for existing in await self._layouts(sql.LAYOUTS) if existing.number == number)

    async def unretired_layouts(self) -> tuple[Layout, ...]:
        """See `Outbox`."""
        return await self._layouts(sql.UNRETIRED_LAYOUTS)

    async def retire(self, shard: Shard) -> None:
        """See `Outbox`."""
        async with self._connection() as connection:
            await connection.execute(sql.RETIRE, _key(shard))

    async def make_ready(self, layout: Layout) -> None:
        """See `Outbox`."""
        async with self._transaction() as connection:
            rows = await (await connection.execute(sql.STATE_OF_LAYOUTS)).fetchall()
            if any(number == layout.number and ready for number, ready, _ in rows):
                return
            for number in (number for number, ready, retired in rows if ready and not retired):
                inherited = await (await connection.execute(sql.OFFSETS_OF_LAYOUT, {"layout": number})).fetchall()
                starts = [
                    (shard.buckets.start, layout.number, shard.index, *row)
                    for shard in layout.parts()
                    for row in inherited
                ]
                await connection.cursor().executemany(sql.INHERIT_OFFSET, starts)
            await connection.execute(sql.RETIRE_LAYOUTS, (layout.number,))
            await connection.execute(sql.READY_LAYOUT, (layout.number,))

    async def take(self, shard: Shard, *, owner: str, lease_seconds: float) -> Lease | None:
        """See `Outbox`."""
        async with self._connection() as connection:
            row = await (await connection.execute(sql.TAKE, (owner, lease_seconds, *_key(shard), owner))).fetchone()
        return Lease(shard=shard, owner=owner, fence=row[0]) if row else None

    async def renew(self, shard: Shard, *, owner: str, lease_seconds: float) -> int | None:
        """See `Outbox`."""
        async with self._connection() as connection:
            row = await (await connection.execute(sql.RENEW, (lease_seconds, *_key(shard), owner))).fetchone()
        if row is None:
            raise Fenced(shard=shard)
        asker_shards: int | None = row[0]
        return asker_shards

    async def ask(self, shard: Shard, *, held: int, seconds: float) -> None:
        """See `Outbox`."""
        bucket, layout, index = _key(shard)
        async with self._connection() as connection:
            await connection.execute(
                sql.ASK, {"held": held, "seconds": seconds, "bucket": bucket, "layout": layout, "shard": index}
            )

    async def release(self, shard: Shard, *, owner: str) -> None:
        """See `Outbox`."""
        async with self._connection() as connection:
            await connection.execute(sql.RELEASE, (*_key(shard), owner))

    async def unpublished(
        self, lease: Lease, *, limit: int, excluding: Collection[EventId] = ()
    ) -> tuple[OutboxRow, ...]:
        """See `Outbox`.

        The fence is read before the rows, each with a snapshot of its own: whoever raises it later also shuts this
        relay's producer out later, so no lock is needed.
        """
        buckets = lease.shard.buckets
        async with self._connection() as connection, connection.pipeline():
            fence = await connection.execute(sql.FENCE, _key(lease.shard))
            rows = await connection.execute(sql.UNPUBLISHED, (buckets.start, buckets.stop, list(excluding), limit))
            _check(lease, await fence.fetchone())
            found = await rows.fetchall()
        return tuple(_row(columns) for columns in found)

    async def recorded(self, lease: Lease) -> Recorded:
        """See `Outbox`."""
        async with self._connection() as connection, connection.pipeline():
            fence = await connection.execute(sql.FENCE, _key(lease.shard))
            rows = await connection.execute(sql.RECORDED, _key(lease.shard))
            _check(lease, await fence.fetchone())
            found = await rows.fetchall()
        clusters = {cluster_id for cluster_id, *_ in found}
        assert len(clusters) <= 1, "a shard's offsets are recorded together, from one cluster"
        offsets = {Partition(topic=topic, number=number): offset for _, topic, number, offset in found}
        return Recorded(cluster_id=next(iter(clusters), None), offsets=offsets)

    async def settle(
        self, lease: Lease, *, cluster_id: str, records: Sequence[LogRecord], positions: Mapping[Partition, int]
    ) -> frozenset[EventId]:
        """See `Outbox`."""
        by_bucket: dict[int, list[LogRecord]] = defaultdict(list)
        for record in records:
            by_bucket[bucket_of(record.event_id)].append(record)
        marks = [_mark(bucket, cluster_id, by_bucket[bucket]) for bucket in sorted(by_bucket)]
        offsets = [_offset(lease.shard, part, cluster_id, positions[part]) for part in sorted(positions)]
        async with self._fenced(lease) as trips:
            answers = await trips.go(*marks, *offsets, commit=True)
        return frozenset(EventId(row["event_id"]) for rows in answers[: len(marks)] for row in rows)

    async def set_aside(self, lease: Lease, *, event_id: EventId, reason: str) -> bool:
        """See `Outbox`."""
        query = sql.SET_ASIDE(bucket=bucket_of(event_id), event_id=event_id, reason=reason)
        async with self._fenced(lease) as trips:
            (done,) = await trips.go(query, commit=True)
        return len(done) == 1

    async def _layouts(self, statement: sql.Sql) -> tuple[Layout, ...]:
        async with self._connection() as connection:
            rows = await (await connection.execute(statement)).fetchall()
        return tuple(
            Layout(number=number, shards=shards, ready=ready, prefix=prefix) for number, shards, prefix, ready in rows
        )

    @asynccontextmanager
    async def _session(self) -> AsyncGenerator[Session]:
        try:
            async with self._pool.connection() as session:
                yield session
        except (Error, PoolTimeout, PoolClosed) as error:
            raise StoreUnavailable(reason=in_one_line(error)) from error

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        async with self._session() as session, session.bounded():
            yield session

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        async with self._connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def _fenced(self, lease: Lease) -> AsyncGenerator[Trips]:
        """Hold the shard's row, so that nobody can take the shard before this transaction has ended."""
        async with self._session() as session:
            trips = Trips(session, begin=Begin.TO_WRITE)
            bucket, layout, index = _key(lease.shard)
            (found,) = await trips.go(sql.LOCK_FENCE(bucket=bucket, layout=layout, shard=index))
            _check(lease, [row["fence"] for row in found])
            yield trips


def _key(shard: Shard) -> tuple[int, int, int]:
    return shard.buckets.start, shard.layout, shard.index


def _check(lease: Lease, found: Sequence[int] | None) -> None:
    if not found or found[0] != lease.fence:
        raise Fenced(shard=lease.shard)


def _mark(bucket: int, cluster_id: str, records: Sequence[LogRecord]) -> Query:
    return sql.MARK(
        bucket=bucket,
        cluster_id=cluster_id,
        event_ids=[record.event_id for record in records],
        partitions=[record.at.partition for record in records],
        log_offsets=[record.at.offset for record in records],
    )


def _offset(shard: Shard, partition: Partition, cluster_id: str, log_offset: int) -> Query:
    bucket, layout, index = _key(shard)
    return sql.RECORD_OFFSET(
        bucket=bucket,
        layout=layout,
        shard=index,
        topic=partition.topic,
        partition=partition.number,
        cluster_id=cluster_id,
        log_offset=log_offset,
    )


def _row(columns: TupleRow) -> OutboxRow:
    event_id, order_id, seq, topic, payload, occurred_at, traceparent = columns
    return OutboxRow(
        event_id=EventId(event_id),
        order_id=OrderId(order_id),
        seq=seq,
        topic=topic,
        payload=payload.encode(),
        occurred_at=occurred_at,
        traceparent=traceparent,
    )
