"""Other shards, or other names of producers: nothing older writes beside them."""

import pytest

from relay_world import ONLY_SHARD, PAYMENTS, event, make_world
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_domain.ports.publishing import Partition, Shard
from sale_domain.ports.publishing_errors import Fenced, OutcomeUnknown
from sale_domain.publishing_layout import agree_on_layout

PAID = event(1)
FIRST_PARTITION = Partition(topic=PAYMENTS, number=0)


async def test_the_first_layout_of_all_is_number_1_and_may_begin_at_once() -> None:
    world = await make_world()
    world.outbox = MemoryOutbox(seconds=world.pace.seconds)
    layout = await agree_on_layout(outbox=world.outbox, log=world.log, shards=2)
    assert (layout.number, layout.shards, layout.ready) == (1, 2, True)


async def test_a_new_layout_shuts_the_old_ones_relays_out_before_it_sends() -> None:
    rows = [event(number, order=f"order-{number}", bucket=number * 100) for number in range(1, 10)]
    world = await make_world(*rows)
    old = await world.outbox.take(ONLY_SHARD, owner="old", lease_seconds=1000)
    assert old is not None
    old_session = await world.log.open(ONLY_SHARD)
    layout = await agree_on_layout(outbox=world.outbox, log=world.log, shards=3)
    assert (layout.number, layout.shards, layout.ready) == (2, 3, True)
    with pytest.raises(Fenced):
        await world.outbox.unpublished(old, limit=10)
    with pytest.raises(Exception, match="fenced"):
        await old_session.publish(rows)
    assert await world.outbox.take(ONLY_SHARD, owner="old", lease_seconds=5) is None
    for shard in layout.parts():
        await world.relay(shard=shard).run()
    assert sorted(world.in_log()) == sorted(row.event_id for row in rows)


async def test_an_old_relay_whose_producers_have_another_prefix_is_shut_out_too() -> None:
    world = await make_world(PAID)
    old = await world.outbox.take(ONLY_SHARD, owner="old", lease_seconds=5)
    assert old is not None
    session = await world.log.open(ONLY_SHARD)
    rows = await world.outbox.unpublished(old, limit=10)
    world.pace.now += 6
    layout = await agree_on_layout(outbox=world.outbox, log=world.log, shards=1, prefix="another-sale")
    await world.relay(owner="new", shard=layout.parts()[0]).run()
    with pytest.raises(OutcomeUnknown):
        await session.publish(rows)
    assert world.in_log() == [PAID.event_id]
    assert [shard.producer for shard in world.log.opened] == ["sale-relay-1-0", "another-sale-2-0"]


async def test_a_new_layout_begins_where_the_old_one_had_got_to() -> None:
    world = await make_world(PAID)
    await world.relay().run()
    layout = await agree_on_layout(outbox=world.outbox, log=world.log, shards=2)
    lease = await world.outbox.take(layout.parts()[1], owner="new", lease_seconds=5)
    assert lease is not None
    recorded = await world.outbox.recorded(lease)
    assert recorded.cluster_id == "memory-cluster"
    assert recorded.offsets[FIRST_PARTITION] == 2


async def test_the_same_shards_and_the_same_prefix_keep_the_layout() -> None:
    world = await make_world()
    assert await agree_on_layout(outbox=world.outbox, log=world.log, shards=1) == await world.outbox.newest_layout()


def test_the_shards_of_any_layout_own_every_bucket_exactly_once() -> None:
    for shards in (1, 2, 3, 7, 64, 1024):
        owned = [bucket for index in range(shards) for bucket in Shard(layout=1, index=index, shards=shards).buckets]
        assert owned == list(range(1024))
