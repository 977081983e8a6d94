"""The relay's outbox, in memory and on PostgreSQL: one behaviour."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import attrs
import pytest

from outbox_tables import insert, make_tables
from relay_world import KITCHEN, PAYMENTS, event
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_domain.ids import EventId
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.publishing import (
    Layout,
    Lease,
    LogRecord,
    Outbox,
    OutboxRow,
    Partition,
    PublishedAt,
    Recorded,
    Shard,
)
from sale_domain.ports.publishing_errors import Fenced

FIRST, SECOND = Shard(layout=1, index=0, shards=2), Shard(layout=1, index=1, shards=2)
PAYMENTS_0 = Partition(topic=PAYMENTS, number=0)
KITCHEN_3 = Partition(topic=KITCHEN, number=3)


@attrs.frozen(kw_only=True)
class Bench:
    """An outbox of two shards, and a way to put rows in."""

    outbox: Outbox
    append: Callable[[OutboxRow], None]

    async def lease(self, shard: Shard = FIRST, owner: str = "relay-1", seconds: float = 60) -> Lease:
        lease = await self.outbox.take(shard, owner=owner, lease_seconds=seconds)
        assert lease is not None
        return lease

    async def settle(self, lease: Lease, *records: LogRecord, cluster: str = "c1", offset: int = 0) -> set[EventId]:
        positions = {PAYMENTS_0: offset}
        return set(await self.outbox.settle(lease, cluster_id=cluster, records=records, positions=positions))


@pytest.fixture(params=["memory", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    if kind == "memory":
        yield None
    else:
        url = request.getfixturevalue("database_url")
        make_tables(url)
        yield url


@pytest.fixture
async def bench(database: str | None) -> AsyncIterator[Bench]:
    if database is None:
        memory = MemoryOutbox()
        await memory.make_ready(await memory.add_layout(number=1, shards=2))
        yield Bench(outbox=memory, append=memory.append)
        return
    async with PostgresRelayOutbox(database) as outbox:
        await outbox.make_ready(await outbox.add_layout(number=1, shards=2))
        yield Bench(outbox=outbox, append=lambda row: insert(database, row))


def at(row: OutboxRow, offset: int = 5) -> LogRecord:
    return LogRecord(event_id=row.event_id, at=PublishedAt(topic=row.topic, partition=0, offset=offset))


async def test_a_shard_has_one_owner_at_a_time(bench: Bench) -> None:
    lease = await bench.lease()
    assert await bench.outbox.take(FIRST, owner="relay-2", lease_seconds=60) is None
    assert (await bench.lease(SECOND, owner="relay-2")).fence == 1
    again = await bench.lease()
    assert again.fence == lease.fence + 1


async def test_a_lease_that_ran_out_or_was_released_can_be_taken(bench: Bench) -> None:
    await bench.lease(seconds=0.05)
    async with asyncio.timeout(5):
        # Only asking the database tells that a lease has run out.
        while (taken := await bench.outbox.take(FIRST, owner="relay-2", lease_seconds=60)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await bench.outbox.release(FIRST, owner="relay-1")
    assert await bench.outbox.take(FIRST, owner="relay-3", lease_seconds=60) is None
    await bench.outbox.release(FIRST, owner="relay-2")
    assert (await bench.lease(owner="relay-3")).fence == taken.fence + 1


async def test_a_renewed_lease_lasts_and_a_lost_one_cannot_be_renewed(bench: Bench) -> None:
    await bench.lease(seconds=0.05)
    await bench.outbox.renew(FIRST, owner="relay-1", lease_seconds=60)
    await asyncio.sleep(0.1)
    assert await bench.outbox.take(FIRST, owner="relay-2", lease_seconds=60) is None
    with pytest.raises(Fenced):
        await bench.outbox.renew(FIRST, owner="relay-2", lease_seconds=60)


async def test_an_owner_hears_of_who_asks_with_the_fewest_shards_until_it_is_over_or_somebody_takes_it(
    bench: Bench,
) -> None:
    async def heard(owner: str = "relay-1") -> int | None:
        return await bench.outbox.renew(FIRST, owner=owner, lease_seconds=60)

    await bench.lease()
    await bench.lease(SECOND)
    assert await heard() is None
    for held, then in ((2, 2), (3, 2), (0, 0)):
        await bench.outbox.ask(FIRST, held=held, seconds=60)
        assert await heard() == then
    assert await bench.outbox.renew(SECOND, owner="relay-1", lease_seconds=60) is None
    await bench.outbox.release(FIRST, owner="relay-1")
    await bench.lease(owner="relay-2")
    assert await heard("relay-2") is None

    await bench.outbox.ask(FIRST, held=1, seconds=0.05)
    async with asyncio.timeout(5):
        # Only asking the database tells that it is over.
        while await heard("relay-2") is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await bench.outbox.ask(FIRST, held=4, seconds=60)
    assert await heard("relay-2") == 4


async def test_an_older_fence_reads_and_writes_nothing(bench: Bench) -> None:
    row = event(1)
    bench.append(row)
    stale = await bench.lease()
    current = await bench.lease()
    with pytest.raises(Fenced):
        await bench.outbox.unpublished(stale, limit=10)
    with pytest.raises(Fenced):
        await bench.outbox.recorded(stale)
    with pytest.raises(Fenced):
        await bench.settle(stale, at(row), offset=6)
    with pytest.raises(Fenced):
        await bench.outbox.set_aside(stale, event_id=row.event_id, reason="too late")
    assert await bench.outbox.unpublished(current, limit=10) == (row,)
    assert await bench.outbox.recorded(current) == Recorded(cluster_id=None, offsets={})


async def test_rows_come_by_time_and_within_an_order_by_number_and_only_of_the_shards_buckets(bench: Bench) -> None:
    rows = [event(number) for number in (1, 2, 3, 4)]
    twin = attrs.evolve(event(5, bucket=100), occurred_at=rows[3].occurred_at)
    elsewhere = event(9, order="order-9", bucket=700)
    traced = attrs.evolve(event(10, order="order-2", seq=1), traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    for row in (twin, elsewhere, traced, *reversed(rows)):
        bench.append(row)
    lease = await bench.lease()
    assert await bench.outbox.unpublished(lease, limit=10) == (*rows, twin, traced)
    assert await bench.outbox.unpublished(lease, limit=2) == tuple(rows[:2])
    assert await bench.outbox.unpublished(await bench.lease(SECOND), limit=10) == (elsewhere,)
    marking = [rows[0].event_id, rows[2].event_id]
    assert await bench.outbox.unpublished(lease, limit=2, excluding=marking) == (rows[1], rows[3])


async def test_settling_marks_each_row_once_and_records_positions_with_the_cluster(bench: Bench) -> None:
    rows = [event(1), event(2, order="order-2", bucket=300)]
    for row in rows:
        bench.append(row)
    lease = await bench.lease()
    stranger = at(event(77))
    marked = await bench.settle(lease, *map(at, rows), stranger, offset=6)
    assert marked == {row.event_id for row in rows}
    assert await bench.settle(lease, at(rows[0], offset=99), offset=7) == set()
    assert await bench.outbox.unpublished(lease, limit=10) == ()
    positions = {KITCHEN_3: 12}
    await bench.outbox.settle(lease, cluster_id="c1", records=(), positions=positions)
    recorded = Recorded(cluster_id="c1", offsets={PAYMENTS_0: 7, KITCHEN_3: 12})
    assert await bench.outbox.recorded(lease) == recorded
    assert (await bench.outbox.recorded(await bench.lease(SECOND))).offsets == {}


async def test_a_row_set_aside_holds_back_the_later_rows_of_its_order_alone(bench: Bench) -> None:
    before, poison, after = event(1), event(2), event(3)
    other = event(4, order="order-2", seq=1)
    for row in (before, poison, after, other):
        bench.append(row)
    lease = await bench.lease()
    assert await bench.outbox.set_aside(lease, event_id=poison.event_id, reason="too large")
    assert await bench.outbox.unpublished(lease, limit=10) == (before, other)
    assert await bench.settle(lease, at(poison)) == {poison.event_id}
    assert await bench.outbox.unpublished(lease, limit=10) == (before, after, other)
    assert not await bench.outbox.set_aside(lease, event_id=poison.event_id, reason="too late")


async def test_a_retired_shard_is_nobodys_for_ever(bench: Bench) -> None:
    lease = await bench.lease()
    await bench.outbox.retire(FIRST)
    with pytest.raises(Fenced):
        await bench.outbox.unpublished(lease, limit=1)
    with pytest.raises(Fenced):
        await bench.outbox.renew(FIRST, owner="relay-1", lease_seconds=60)
    assert await bench.outbox.take(FIRST, owner="relay-1", lease_seconds=60) is None
    await bench.outbox.ask(FIRST, held=0, seconds=60)


async def test_a_layout_is_made_once_whoever_asks(bench: Bench) -> None:
    wanted = [bench.outbox.add_layout(number=2, shards=shards) for shards in (3, 5, 3)]
    made = set(await asyncio.gather(*wanted))
    assert len(made) == 1
    newest = await bench.outbox.newest_layout()
    assert newest in made
    assert [layout.number for layout in await bench.outbox.unretired_layouts()] == [1, 2]


async def test_a_layout_keeps_the_prefix_of_its_producers(bench: Bench) -> None:
    made = await bench.outbox.add_layout(number=2, shards=1, prefix="another-sale")
    assert await bench.outbox.newest_layout() == made
    assert [shard.producer for shard in made.parts()] == ["another-sale-2-0"]
    assert {layout.prefix for layout in await bench.outbox.unretired_layouts()} == {"sale-relay", "another-sale"}
    await bench.outbox.make_ready(made)
    assert await bench.outbox.take(made.parts()[0], owner="relay-1", lease_seconds=5) is not None


async def test_a_ready_layout_retires_the_older_and_begins_at_the_lowest_offset_that_was_recorded(bench: Bench) -> None:
    for shard, offset in ((FIRST, 40), (SECOND, 30)):
        await bench.settle(await bench.lease(shard), offset=offset)
    only_one_has_sent_there = {KITCHEN_3: 9}
    lease = await bench.lease(FIRST)
    await bench.outbox.settle(lease, cluster_id="c1", records=(), positions=only_one_has_sent_there)
    new = await bench.outbox.add_layout(number=2, shards=3)
    await asyncio.gather(*(bench.outbox.make_ready(new) for _ in range(3)))
    await bench.outbox.make_ready(new)
    assert await bench.outbox.unretired_layouts() == (Layout(number=2, shards=3, ready=True),)
    for shard in new.parts():
        recorded = await bench.outbox.recorded(await bench.lease(shard))
        assert recorded == Recorded(cluster_id="c1", offsets={PAYMENTS_0: 30, KITCHEN_3: 9})


async def test_a_layout_begins_where_the_last_one_had_got_to_and_not_one_of_before(bench: Bench) -> None:
    for shard in (FIRST, SECOND):
        await bench.settle(await bench.lease(shard), offset=30)
    second = await bench.outbox.add_layout(number=2, shards=1)
    await bench.outbox.make_ready(second)
    await bench.settle(await bench.lease(second.parts()[0]), offset=90)
    third = await bench.outbox.add_layout(number=3, shards=1)
    await bench.outbox.make_ready(third)
    recorded = await bench.outbox.recorded(await bench.lease(third.parts()[0]))
    assert recorded.offsets == {PAYMENTS_0: 90}


async def test_a_layout_after_one_that_knows_two_clusters_takes_neither_for_its_own(bench: Bench) -> None:
    for shard, cluster_id in ((FIRST, "c1"), (SECOND, "c2")):
        lease = await bench.lease(shard)
        await bench.outbox.settle(lease, cluster_id=cluster_id, records=(), positions={PAYMENTS_0: 3})
    new = await bench.outbox.add_layout(number=2, shards=1)
    await bench.outbox.make_ready(new)
    recorded = await bench.outbox.recorded(await bench.lease(new.parts()[0]))
    assert recorded == Recorded(cluster_id="c1 and c2", offsets={PAYMENTS_0: 3})


async def test_a_database_that_is_away_is_said_to_be_away_soon() -> None:
    async with PostgresRelayOutbox("postgresql://nobody@127.0.0.1:1/none", patience_seconds=0.3) as outbox:
        with pytest.raises(StoreUnavailable):
            await outbox.newest_layout()
