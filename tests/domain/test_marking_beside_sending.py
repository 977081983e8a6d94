"""The relay marks what it has sent while it sends the next."""

import asyncio
from collections.abc import Mapping, Sequence

import attrs

from relay_world import event, make_world
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_domain.ids import EventId
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.publishing import Lease, LogRecord, OutboxRow, Partition, Shard

PAID, PAID_IN_FULL = event(1), event(2)


async def test_a_batch_is_marked_while_the_next_one_is_sent() -> None:
    world = await make_world(PAID, PAID_IN_FULL, batch_size=1)
    next_is_sent = asyncio.Event()
    write = world.log.write

    def write_and_say_so(shard: Shard, row: OutboxRow) -> object:
        if row == PAID_IN_FULL:
            next_is_sent.set()
        return write(shard, row)

    world.log.write = write_and_say_so  # type: ignore[assignment,method-assign]  # the log is the test's own

    class Slow(MemoryOutbox):
        async def settle(
            self, lease: Lease, *, cluster_id: str, records: Sequence[LogRecord], positions: Mapping[Partition, int]
        ) -> frozenset[EventId]:
            if [record.event_id for record in records] == [PAID.event_id]:
                await next_is_sent.wait()
            return await super().settle(lease, cluster_id=cluster_id, records=records, positions=positions)

    world.outbox.__class__ = Slow
    async with asyncio.timeout(10):
        await world.relay().run()
    assert world.notebook.batches == [(PAID.event_id,), (PAID_IN_FULL.event_id,)]
    assert world.outbox.published == world.addresses()


class AwayOnce(MemoryOutbox):
    """An outbox that cannot be reached when the first batch is to be marked."""

    async def settle(
        self, lease: Lease, *, cluster_id: str, records: Sequence[LogRecord], positions: Mapping[Partition, int]
    ) -> frozenset[EventId]:
        if records and self.__class__ is AwayOnce:
            self.__class__ = MemoryOutbox  # type: ignore[assignment]  # the trouble is over
            for _ in range(10):  # turns of the loop: what is sent meanwhile has failed by then, if it does
                await asyncio.sleep(0)
            raise StoreUnavailable(reason="connection refused")
        return await super().settle(lease, cluster_id=cluster_id, records=records, positions=positions)


async def test_what_cannot_be_marked_while_the_next_batch_is_sent_is_found_with_it_in_the_log() -> None:
    world = await make_world(PAID, PAID_IN_FULL, batch_size=1)
    world.outbox.__class__ = AwayOnce
    await world.relay().run()
    assert len(world.notebook.doubts) == 1
    assert world.in_log() == [PAID.event_id, PAID_IN_FULL.event_id]
    assert world.outbox.published == world.addresses()


async def test_after_a_batch_that_could_not_be_marked_half_as_much_is_tried() -> None:
    world = await make_world(*[event(number) for number in range(1, 13)], batch_size=4)
    world.outbox.__class__ = AwayOnce
    await world.relay().run()
    assert world.log.sent[:3] == [4, 4, 2]
    assert world.outbox.published == world.addresses()


async def test_a_refusal_beside_a_batch_that_could_not_be_marked_is_followed_by_one_row_alone() -> None:
    rows = [event(number, order=f"order-{number}", seq=1) for number in range(1, 9)]
    rows[4] = attrs.evolve(rows[4], payload=b" " * 2_000)
    world = await make_world(*rows, batch_size=4)
    world.log.max_bytes = 1_000
    world.outbox.__class__ = AwayOnce
    await world.relay().run()
    assert world.log.sent[:3] == [4, 4, 1]
    assert world.outbox.aside.keys() == {rows[4].event_id}
    assert world.outbox.published == world.addresses()
