"""The relay's algorithm: every doubt ends with each event in the log exactly once."""

from collections.abc import Collection, Mapping, Sequence

import attrs
import pytest

from relay_world import KITCHEN, ONLY_SHARD, PAYMENTS, event, make_world
from sale_adapters.memory.event_log import Fate
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_domain.ids import EventId
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.publishing import Lease, LogRecord, OutboxRow, Partition, PublishedAt, Shard
from sale_domain.ports.publishing_errors import Fenced

PAID, PAID_IN_FULL, COOKING = event(1), event(2), event(3, topic=KITCHEN)
OTHER_SHARD = Shard(layout=9, index=0, shards=1)
FIRST_PARTITION = Partition(topic=PAYMENTS, number=0)


async def test_what_was_committed_to_the_outbox_is_in_the_log_once_and_marked_with_its_true_address() -> None:
    world = await make_world(PAID, COOKING, PAID_IN_FULL)
    await world.relay().run()
    assert world.in_log() == [PAID.event_id, PAID_IN_FULL.event_id]
    assert world.in_log(KITCHEN) == [COOKING.event_id]
    assert world.outbox.published == world.addresses()
    assert not world.notebook.doubts
    assert {record.event_id for record in world.notebook.told} == set(world.outbox.rows)


async def test_an_orders_events_keep_their_order_over_several_batches() -> None:
    rows = [event(number) for number in range(1, 8)]
    world = await make_world(*reversed(rows), batch_size=2)
    await world.relay().run()
    assert world.in_log() == [row.event_id for row in rows]


@pytest.mark.parametrize(
    "lie",
    [
        "lost acknowledgement",
        "died before the commit",
        "success for an aborted transaction",
        "a record missing",
        "slow",
    ],
)
async def test_after_any_doubt_a_new_producer_finds_out_and_each_event_is_there_once(lie: str) -> None:
    world = await make_world(PAID, PAID_IN_FULL)
    world.log.lies = [lie, lie]
    await world.relay().run()
    assert sorted(world.in_log()) == [PAID.event_id, PAID_IN_FULL.event_id]
    assert world.outbox.published == world.addresses()
    assert len(world.notebook.doubts) >= 1
    assert world.log.opened[ONLY_SHARD] == 1 + len(world.notebook.doubts)


async def test_a_relay_that_died_after_the_commit_is_followed_by_one_that_does_not_send_again() -> None:
    world = await make_world(PAID)
    dead = await world.log.open(ONLY_SHARD)
    await dead.publish([PAID])
    await world.relay().run()
    assert world.in_log() == [PAID.event_id]
    assert world.outbox.published == world.addresses()


async def test_while_another_shards_open_transaction_hides_the_end_of_the_log_nothing_is_sent() -> None:
    world = await make_world(PAID)
    world.log.write(OTHER_SHARD, event(50, order="order-of-another-shard"))
    dead = await world.log.open(ONLY_SHARD)
    await dead.publish([PAID])

    def end_the_other_transaction_in_the_end() -> None:
        if len(world.pace.slept) == 20:
            assert world.log.opened[ONLY_SHARD] == 2
            world.log.end(OTHER_SHARD, Fate.ABORTED)

    world.pace.when_asleep = end_the_other_transaction_in_the_end
    await world.relay().run()
    assert world.in_log() == [PAID.event_id]
    assert set(world.notebook.waits) == {FIRST_PARTITION}


async def test_a_committed_record_that_stays_hidden_is_a_doubt_and_then_waited_for() -> None:
    world = await make_world(PAID)
    world.pace.when_asleep = lambda: world.log.end(OTHER_SHARD, Fate.COMMITTED) if world.pace.now > 15 else None
    relay = world.relay()
    other = event(50, order="order-of-another-shard")
    began = world.notebook.started

    def begin_and_then_hide(lease: Lease, *, cluster_id: str) -> None:
        began(lease, cluster_id=cluster_id)
        if lease.fence == 1:
            world.log.write(OTHER_SHARD, other)

    world.notebook.started = begin_and_then_hide  # type: ignore[method-assign]  # the observer is the test's own
    await relay.run()
    assert sorted(world.in_log()) == [PAID.event_id, other.event_id]
    assert world.notebook.doubts == ["The committed records could not be read back in time."]


async def test_a_committed_record_that_is_hidden_for_a_while_is_waited_for_without_a_doubt() -> None:
    world = await make_world(PAID)
    began = world.notebook.started

    def begin_and_then_hide(lease: Lease, *, cluster_id: str) -> None:
        began(lease, cluster_id=cluster_id)
        world.log.write(OTHER_SHARD, event(50, order="order-of-another-shard"))

    world.notebook.started = begin_and_then_hide  # type: ignore[method-assign]  # the observer is the test's own
    world.pace.when_asleep = lambda: world.log.end(OTHER_SHARD, Fate.ABORTED) if world.pace.now > 9 else None
    await world.relay().run()
    assert world.in_log() == [PAID.event_id]
    assert world.notebook.doubts == []


async def test_a_delivery_takes_as_long_as_from_its_sending_to_its_mark() -> None:
    world = await make_world(PAID)
    world.pace.now = 1_000
    written = world.log.write

    def slowly(shard: Shard, row: OutboxRow) -> PublishedAt:
        world.pace.now += 1.5
        return written(shard, row)

    world.log.write = slowly  # type: ignore[method-assign]  # the log is the test's own
    await world.relay().run()
    assert world.notebook.took == [1.5]


async def test_a_paused_relay_neither_sends_nor_marks_once_another_has_taken_over() -> None:
    world = await make_world(PAID)
    slow = await world.outbox.take(ONLY_SHARD, owner="paused", lease_seconds=5)
    assert slow is not None
    session = await world.log.open(ONLY_SHARD)
    world.pace.now += 6
    await world.relay(owner="successor").run()
    with pytest.raises(Exception, match="fenced"):
        await session.publish([PAID])
    with pytest.raises(Fenced):
        await world.outbox.unpublished(slow, limit=1)
    with pytest.raises(Fenced):
        await world.outbox.settle(slow, cluster_id="memory-cluster", records=(), positions={FIRST_PARTITION: 0})
    assert world.in_log() == [PAID.event_id]


async def test_a_relay_whose_shard_is_leased_by_another_gives_up() -> None:
    world = await make_world(PAID)
    await world.outbox.take(ONLY_SHARD, owner="somebody", lease_seconds=5)
    with pytest.raises(Fenced):
        await world.relay().run()
    assert world.in_log() == []


async def test_a_row_that_kafka_never_takes_is_set_aside_and_holds_back_its_own_order_alone() -> None:
    before, poison, after = event(1), event(2), event(3)
    other = [event(10 + number, order="order-2", seq=number) for number in range(1, 4)]
    world = await make_world(before, poison, after, *other)
    world.log.max_bytes = 60
    world.outbox.rows[poison.event_id] = poison = _grown(poison)
    await world.relay().run()
    assert world.in_log() == [before.event_id, *(row.event_id for row in other)]
    assert world.notebook.aside == {poison.event_id: "2000 bytes are more than 60"}
    assert world.log.sent[:4] == [6, 1, 2, 1]

    world.log.max_bytes = 5_000
    world.outbox.put_back(poison.event_id)
    await world.relay().run()
    assert world.in_log()[-2:] == [poison.event_id, after.event_id]
    assert len(world.in_log()) == 6


async def test_a_refused_row_is_not_set_aside_by_a_relay_that_stops_before_it_has_read_the_whole_log() -> None:
    world = await make_world(_grown(event(1)))
    world.log.max_bytes = 60
    relay = world.relay()

    def hide_the_end_and_then_stop() -> None:
        if len(world.pace.slept) == 1:
            world.log.write(OTHER_SHARD, event(50, order="order-of-another-shard"))
        else:
            relay.stop()

    world.pace.when_asleep = hide_the_end_and_then_stop
    await relay.run()
    assert world.notebook.doubts == ["2000 bytes are more than 60"]
    assert world.notebook.waits == [FIRST_PARTITION]
    assert world.outbox.aside == {}


async def test_a_refused_row_that_an_operator_gives_up_at_that_moment_is_not_told_to_be_set_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poison = _grown(event(1))
    world = await make_world(poison)
    world.log.max_bytes = 60
    set_aside = world.outbox.set_aside

    async def given_up_first(lease: Lease, *, event_id: EventId, reason: str) -> bool:
        world.outbox.released[event_id] = "by hand"
        return await set_aside(lease, event_id=event_id, reason=reason)

    monkeypatch.setattr(world.outbox, "set_aside", given_up_first)
    await world.relay().run()
    assert (world.notebook.aside, world.outbox.aside, world.in_log()) == ({}, {}, [])


async def test_a_batch_that_is_too_slow_as_a_whole_gets_through_in_smaller_ones() -> None:
    rows = [event(number) for number in range(1, 14)]
    world = await make_world(*rows, batch_size=8)
    world.log.most_rows = 3
    relay = world.relay()
    world.pace.when_asleep = lambda: relay.stop() if len(world.log.sent) > 50 else None
    await relay.run()
    assert world.in_log() == [row.event_id for row in rows]
    assert world.log.sent == [8, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 3]


async def test_a_batch_that_never_gets_through_shrinks_to_one_row_and_grows_again_when_it_does() -> None:
    rows = [event(number) for number in range(1, 10)]
    world = await make_world(*rows, batch_size=4)
    world.log.most_rows = 0

    def mended_in_the_end() -> None:
        world.log.most_rows = 4 if len(world.pace.slept) > 4 else 0

    world.pace.when_asleep = mended_in_the_end
    await world.relay().run()
    assert world.log.sent == [4, 2, 1, 1, 1, 1, 2, 4, 2]


async def test_a_batch_holds_no_more_bytes_than_it_may_but_one_row_in_any_case() -> None:
    rows = [attrs.evolve(event(number), payload=b"7" * size) for number, size in enumerate((40, 40, 40, 150, 40), 1)]
    world = await make_world(*rows)
    world.policy = attrs.evolve(world.policy, batch_bytes=80)
    await world.relay().run()
    assert world.in_log() == [row.event_id for row in rows]
    assert world.log.sent == [2, 1, 1, 1]


async def test_a_row_of_an_unknown_topic_is_set_aside() -> None:
    stray = event(1, topic="no-such-topic", order="order-9")
    world = await make_world(stray, PAID_IN_FULL)
    await world.relay().run()
    assert world.in_log() == [PAID_IN_FULL.event_id]
    assert world.outbox.aside == {stray.event_id: "The relay knows no topic 'no-such-topic'."}


async def test_with_the_database_away_the_relay_waits_longer_and_longer_and_then_recovers() -> None:
    world = await make_world(PAID)
    away = iter(range(8))

    class Away(MemoryOutbox):
        async def unpublished(
            self, lease: Lease, *, limit: int, excluding: Collection[EventId] = ()
        ) -> tuple[OutboxRow, ...]:
            if next(away, None) is not None:
                raise StoreUnavailable(reason="connection refused")
            return await super().unpublished(lease, limit=limit, excluding=excluding)

    world.outbox.__class__ = Away
    await world.relay().run()
    assert world.pace.slept == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert world.in_log() == [PAID.event_id]


async def test_after_a_recovery_the_next_trouble_is_met_with_a_short_wait_again() -> None:
    world = await make_world(PAID, PAID_IN_FULL, batch_size=1)
    world.log.lies = ["lost acknowledgement"] * 3 + ["none"]
    world.outbox.append(COOKING)
    world.outbox.append(event(4))
    world.log.lies += ["lost acknowledgement"]
    world.outbox.append(event(5))
    await world.relay().run()
    assert world.pace.slept == [0.1, 0.2, 0.4, 0.1]


async def test_records_that_others_wrote_into_the_topic_are_none_of_our_business() -> None:
    world = await make_world(PAID)
    foreign = attrs.evolve(event(60), event_id=EventId("an-id-of-somebody-else"))
    world.log.write(OTHER_SHARD, foreign)
    world.log.end(OTHER_SHARD, Fate.COMMITTED)

    class Strict(MemoryOutbox):
        async def settle(
            self, lease: Lease, *, cluster_id: str, records: Sequence[LogRecord], positions: Mapping[Partition, int]
        ) -> frozenset[EventId]:
            assert {record.event_id for record in records} <= {PAID.event_id}
            return await super().settle(lease, cluster_id=cluster_id, records=records, positions=positions)

    world.outbox.__class__ = Strict
    await world.relay().run()
    assert world.in_log() == [foreign.event_id, PAID.event_id]
    assert not world.notebook.doubts
    assert not ONLY_SHARD.owns(foreign.event_id)


async def test_a_missing_topic_is_waited_for() -> None:
    world = await make_world(COOKING)
    kitchen = Partition(topic=KITCHEN, number=0)
    content = world.log.partitions.pop(kitchen)

    def migrate() -> None:
        world.log.partitions[kitchen] = content

    world.pace.when_asleep = migrate
    await world.relay().run()
    assert world.notebook.doubts == [f"The event log is not available: there is no topic {KITCHEN}"]
    assert world.in_log(KITCHEN) == [COOKING.event_id]


async def test_told_to_stop_the_relay_finishes_and_marks_the_transaction_under_way() -> None:
    world = await make_world(PAID, PAID_IN_FULL, batch_size=1)
    relay = world.relay()
    opened = world.log.write

    def stop_in_the_middle(shard: Shard, row: OutboxRow) -> object:
        relay.stop()
        return opened(shard, row)

    world.log.write = stop_in_the_middle  # type: ignore[assignment,method-assign]  # the log is the test's own
    await relay.run()
    assert world.in_log() == [PAID.event_id]
    assert world.outbox.published == world.addresses()


def _grown(row: OutboxRow) -> OutboxRow:
    return OutboxRow(
        event_id=row.event_id,
        order_id=row.order_id,
        seq=row.seq,
        topic=row.topic,
        payload=b" " * 2_000,
        occurred_at=row.occurred_at,
    )
