"""How far the log was read: where a relay begins, and when only a person can say how to go on."""

import pytest

from relay_world import ONLY_SHARD, PAYMENTS, event, make_world
from sale_adapters.memory.event_log import Fate
from sale_domain.ports.publishing import OutboxRow, Partition, PublishedAt, Shard
from sale_domain.ports.publishing_errors import ShardHalted

PAID, PAID_IN_FULL = event(1), event(2)
OTHER_SHARD = Shard(layout=9, index=0, shards=1)
FIRST_PARTITION = Partition(topic=PAYMENTS, number=0)


async def test_a_row_in_doubt_whose_place_in_the_log_was_deleted_halts_the_shard() -> None:
    world = await make_world(PAID)
    lease = await world.outbox.take(ONLY_SHARD, owner="relay-1", lease_seconds=5)
    assert lease is not None
    dead = await world.log.open(ONLY_SHARD)
    await world.outbox.settle(lease, cluster_id=dead.cluster_id, records=(), positions={FIRST_PARTITION: 0})
    await dead.publish([PAID])
    world.log.trim(FIRST_PARTITION, first=1)
    with pytest.raises(ShardHalted, match="may have been there"):
        await world.relay().run()


async def test_a_shard_that_has_never_sent_begins_where_retention_has_left_the_log() -> None:
    world = await make_world(PAID)
    stranger = await world.log.open(OTHER_SHARD)
    await stranger.publish([event(50, order="order-2")])
    world.log.trim(FIRST_PARTITION, first=2)
    await world.relay().run()
    assert world.in_log() == [PAID.event_id]


async def test_what_is_to_be_done_after_a_halt_leads_out_of_it() -> None:
    world = await make_world(PAID)
    await world.relay().run()
    stranger = await world.log.open(OTHER_SHARD)
    for number in (50, 51):
        await stranger.publish([event(number, order="order-2")])
    world.log.trim(FIRST_PARTITION, first=4)
    world.outbox.append(PAID_IN_FULL)
    with pytest.raises(ShardHalted):
        await world.relay().run()
    world.outbox.forget_the_log()
    await world.relay().run()
    assert world.in_log() == [event(51).event_id, PAID_IN_FULL.event_id]


async def test_a_relay_has_recorded_a_position_in_every_partition_before_it_sends() -> None:
    world = await make_world(PAID, partitions=3)
    written = world.log.write
    recorded: list[set[Partition]] = []

    def look(shard: Shard, row: OutboxRow) -> PublishedAt:
        recorded.append(set(world.outbox.positions(ONLY_SHARD)))
        return written(shard, row)

    world.log.write = look  # type: ignore[method-assign]  # the log is the test's own
    await world.relay().run()
    assert recorded == [set(world.log.partitions)]


async def test_a_deleted_beginning_of_the_log_is_no_doubt_when_nothing_is_unpublished() -> None:
    world = await make_world()
    dead = await world.log.open(ONLY_SHARD)
    await dead.publish([event(50), event(51)])
    world.log.trim(FIRST_PARTITION, first=1)
    relay = world.relay()
    late = iter([PAID])

    def a_sale_happens_then_stop() -> None:
        row = next(late, None)
        world.outbox.append(row) if row else relay.stop()

    world.pace.when_idle = a_sale_happens_then_stop
    await relay.run()
    assert world.in_log() == [event(51).event_id, PAID.event_id]


async def test_a_deleted_middle_of_the_log_is_no_doubt_when_nothing_is_unpublished() -> None:
    world = await make_world(PAID)
    await world.relay().run()
    stranger = await world.log.open(OTHER_SHARD)
    for number in (50, 51):
        await stranger.publish([event(number, order="order-2")])
    world.log.trim(FIRST_PARTITION, first=4)
    await world.relay().run()
    assert world.outbox.positions(ONLY_SHARD)[FIRST_PARTITION] == 6
    world.outbox.append(PAID_IN_FULL)
    await world.relay().run()
    assert world.in_log() == [event(51).event_id, PAID_IN_FULL.event_id]


async def test_another_cluster_halts_the_shard() -> None:
    world = await make_world(PAID)
    await world.relay().run()
    world.log.cluster_id = "rebuilt-cluster"
    with pytest.raises(ShardHalted, match="but this is cluster rebuilt-cluster"):
        await world.relay().run()


async def test_a_log_that_became_shorter_halts_the_shard() -> None:
    world = await make_world(PAID)
    await world.relay().run()
    world.log.partitions[FIRST_PARTITION].places.clear()
    with pytest.raises(ShardHalted, match="records were lost"):
        await world.relay().run()


async def test_a_partition_that_is_gone_halts_the_shard_however_little_was_read_of_it() -> None:
    world = await make_world()
    gone = Partition(topic=PAYMENTS, number=1)
    lease = await world.outbox.take(ONLY_SHARD, owner="relay-1", lease_seconds=5)
    assert lease is not None
    await world.outbox.settle(lease, cluster_id="memory-cluster", records=(), positions={gone: 1})
    with pytest.raises(ShardHalted, match="was read up to 1 and now ends at 0: records were lost"):
        await world.relay().run()


async def test_an_idle_shard_records_how_far_the_log_is_so_that_retention_cannot_overtake_it() -> None:
    world = await make_world()
    stranger = await world.log.open(OTHER_SHARD)
    relay = world.relay()
    world.pace.when_idle = lambda: None
    published = False

    def after_some_minutes() -> None:
        nonlocal published
        if world.pace.now > 200:
            relay.stop()
        elif not published:
            published = True
            places = world.log.partitions[FIRST_PARTITION].places
            world.log.write(OTHER_SHARD, event(50))
            world.log.end(OTHER_SHARD, Fate.COMMITTED)
            assert len(places) == 2

    world.pace.when_idle = after_some_minutes
    await relay.run()
    assert stranger.cluster_id == "memory-cluster"
    lease = await world.outbox.take(ONLY_SHARD, owner="relay-1", lease_seconds=5)
    assert lease is not None
    assert (await world.outbox.recorded(lease)).offsets[FIRST_PARTITION] == 2
