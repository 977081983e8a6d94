"""The relay marks what it has sent while it sends the next."""

import asyncio
from collections.abc import Mapping, Sequence

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


async def test_what_cannot_be_marked_while_the_next_batch_is_sent_is_found_with_it_in_the_log() -> None:
    world = await make_world(PAID, PAID_IN_FULL, batch_size=1)
    failures = iter([StoreUnavailable(reason="connection refused")])

    class Away(MemoryOutbox):
        async def settle(
            self, lease: Lease, *, cluster_id: str, records: Sequence[LogRecord], positions: Mapping[Partition, int]
        ) -> frozenset[EventId]:
            failure = next(failures, None) if records else None
            if failure is not None:
                raise failure
            return await super().settle(lease, cluster_id=cluster_id, records=records, positions=positions)

    world.outbox.__class__ = Away
    await world.relay().run()
    assert len(world.notebook.doubts) == 1
    assert world.in_log() == [PAID.event_id, PAID_IN_FULL.event_id]
    assert world.outbox.published == world.addresses()
