"""What an operator may do with the outbox, in memory and on PostgreSQL, while a relay holds the shard."""

from collections.abc import AsyncIterator, Callable, Iterator

import attrs
import pytest

from outbox_tables import insert, make_tables
from relay_world import PAYMENTS, event
from sale_adapters.memory import MemoryOutbox, MemoryOutboxDesk
from sale_adapters.postgres.outbox_desk import PostgresOutboxDesk
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_domain.errors import NotFound
from sale_domain.ids import EventId, OrderId, new_id
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.outbox_desk import DeskEntry, NotSetAside, OutboxDesk, Standing
from sale_domain.ports.publishing import Lease, LogRecord, Outbox, OutboxRow, Partition, PublishedAt, Shard

SHARD = Shard(layout=1, index=0, shards=1)
ORDER = new_id(milliseconds=0, randomness=0, bucket=7)
ROWS = BEFORE, POISON, AFTER, LAST = tuple(event(number, order=ORDER) for number in (1, 2, 3, 4))
OTHER = event(5, order="order-2", seq=1)
STRANGER = event(99)


@attrs.frozen(kw_only=True)
class Office:
    """A desk, the outbox that it looks at, and the lease of the relay that works on it."""

    desk: OutboxDesk
    outbox: Outbox
    lease: Lease
    append: Callable[[OutboxRow], None]

    async def set_aside(self, row: OutboxRow = POISON, reason: str = "too large") -> bool:
        return await self.outbox.set_aside(self.lease, event_id=row.event_id, reason=reason)

    async def publish(self, row: OutboxRow, *, offset: int = 7) -> None:
        record = LogRecord(event_id=row.event_id, at=PublishedAt(topic=PAYMENTS, partition=0, offset=offset))
        positions = {Partition(topic=PAYMENTS, number=0): offset + 1}
        await self.outbox.settle(self.lease, cluster_id="c1", records=[record], positions=positions)

    async def to_send(self) -> tuple[OutboxRow, ...]:
        return await self.outbox.unpublished(self.lease, limit=10)

    async def standing(self, row: OutboxRow) -> Standing:
        return (await self.desk.find(row.event_id))[0].standing


@pytest.fixture(params=["memory", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "memory":
        yield None
    else:
        url = request.getfixturevalue("database_url")
        make_tables(url)
        yield url


@pytest.fixture
async def office(database: str | None) -> AsyncIterator[Office]:
    if database is None:
        memory = MemoryOutbox()
        yield await _opened(memory, MemoryOutboxDesk(memory), memory.append)
        return
    async with PostgresRelayOutbox(database) as outbox:
        yield await _opened(outbox, PostgresOutboxDesk(database), lambda row: insert(database, row))


async def _opened(outbox: Outbox, desk: OutboxDesk, append: Callable[[OutboxRow], None]) -> Office:
    await outbox.make_ready(await outbox.add_layout(number=1, shards=1))
    lease = await outbox.take(SHARD, owner="relay-1", lease_seconds=60)
    assert lease is not None
    for row in (*ROWS, OTHER):
        append(row)
    return Office(desk=desk, outbox=outbox, lease=lease, append=append)


def entry(row: OutboxRow, standing: Standing, **more: object) -> DeskEntry:
    return DeskEntry(
        event_id=row.event_id,
        order_id=row.order_id,
        seq=row.seq,
        topic=row.topic,
        occurred_at=row.occurred_at,
        standing=standing,
        **more,  # type: ignore[arg-type]  # what the test names
    )


async def test_the_list_shows_what_is_to_be_sent_oldest_first_and_why_it_is_not(office: Office) -> None:
    await office.publish(BEFORE)
    await office.set_aside()
    poison = entry(POISON, Standing.SET_ASIDE, reason="too large", holds_back=2)
    held = [entry(row, Standing.HELD_BACK) for row in (AFTER, LAST)]
    waiting = entry(OTHER, Standing.WAITING)
    assert await office.desk.unpublished(set_aside_only=False, limit=10) == (poison, *held, waiting)
    assert await office.desk.unpublished(set_aside_only=False, limit=2) == (poison, held[0])
    assert await office.desk.unpublished(set_aside_only=True, limit=10) == (poison,)


async def test_an_orders_events_are_shown_however_far_they_have_got(office: Office) -> None:
    await office.publish(BEFORE)
    await office.set_aside()
    at = PublishedAt(topic=PAYMENTS, partition=0, offset=7)
    shown = await office.desk.events_of(BEFORE.order_id)
    assert shown[0] == entry(BEFORE, Standing.PUBLISHED, at=at)
    standings = [Standing.PUBLISHED, Standing.SET_ASIDE, Standing.HELD_BACK, Standing.HELD_BACK]
    assert [(each.event_id, each.standing) for each in shown] == [
        (row.event_id, standing) for row, standing in zip(ROWS, standings, strict=True)
    ]
    assert await office.desk.events_of(OrderId("no order's")) == ()


async def test_one_event_is_shown_with_exactly_what_is_sent_and_where_it_is(office: Office) -> None:
    traced = attrs.evolve(event(6, order="order-6", seq=1), traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    office.append(traced)
    await office.publish(traced, offset=41)
    at = PublishedAt(topic=PAYMENTS, partition=0, offset=41)
    assert await office.desk.find(traced.event_id) == (entry(traced, Standing.PUBLISHED, at=at), traced)


async def test_a_retried_event_comes_first_again_and_its_followers_behind_it(office: Office) -> None:
    await office.set_aside()
    assert await office.to_send() == (BEFORE, OTHER)
    await office.desk.retry(POISON.event_id)
    assert await office.to_send() == (*ROWS, OTHER)
    assert await office.standing(POISON) is Standing.WAITING
    assert await office.set_aside(reason="still too large")
    assert (await office.desk.find(POISON.event_id))[0].reason == "still too large"


async def test_a_released_event_is_never_sent_and_holds_nobody_back_and_stays(office: Office) -> None:
    await office.set_aside()
    await office.desk.release(POISON.event_id, reason="booked by hand")
    assert await office.to_send() == (BEFORE, AFTER, LAST, OTHER)
    given_up = entry(POISON, Standing.RELEASED, reason="booked by hand")
    assert await office.desk.find(POISON.event_id) == (given_up, POISON)
    assert given_up not in await office.desk.unpublished(set_aside_only=False, limit=10)
    assert not await office.set_aside(reason="too late")
    assert await office.standing(POISON) is Standing.RELEASED


async def test_what_is_found_in_the_log_is_published_whatever_an_operator_said_of_it(office: Office) -> None:
    await office.set_aside()
    await office.desk.release(POISON.event_id, reason="booked by hand")
    await office.publish(POISON, offset=3)
    found, _ = await office.desk.find(POISON.event_id)
    assert (found.standing, found.reason, found.at and found.at.offset) == (Standing.PUBLISHED, None, 3)


@pytest.mark.parametrize("action", ["retry", "release"])
async def test_only_an_event_that_is_set_aside_can_be_touched(office: Office, action: str) -> None:
    async def act(event_id: EventId) -> None:
        if action == "retry":
            await office.desk.retry(event_id)
        else:
            await office.desk.release(event_id, reason="booked by hand")

    await office.publish(BEFORE)
    await office.set_aside(AFTER)
    for row, standing in ((BEFORE, Standing.PUBLISHED), (POISON, Standing.WAITING), (LAST, Standing.HELD_BACK)):
        with pytest.raises(NotSetAside) as refused:
            await act(row.event_id)
        assert refused.value.standing is standing
        assert await office.standing(row) is standing
    await office.desk.release(AFTER.event_id, reason="booked by hand")
    with pytest.raises(NotSetAside):
        await act(AFTER.event_id)
    for unknown in (STRANGER.event_id, EventId("nonsense")):
        with pytest.raises(NotFound):
            await act(unknown)


async def test_a_database_that_is_away_is_said_to_be_away() -> None:
    with pytest.raises(StoreUnavailable):
        await PostgresOutboxDesk("postgresql://nobody@127.0.0.1:1/none").unpublished(set_aside_only=True, limit=1)
