"""The relay's shards in one process, over memory: whoever is left serves all there are."""

import asyncio
from collections.abc import Mapping, Sequence

import attrs

from processes import eventually
from relay_world import PAYMENTS, event
from sale_adapters.memory.event_log import MemoryEventLog
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_app.chores import Chore
from sale_app.relay_process import RelayProcess
from sale_domain.ids import EventId
from sale_domain.ports.publishing import Lease, LogRecord, Partition, Shard
from sale_domain.publishing import RelayPolicy
from sale_domain.publishing_layout import agree_on_layout

QUICK = RelayPolicy(topics=(PAYMENTS,), poll_seconds=0.01, lease_seconds=0.2, halted_seconds=0.02)
LONG = attrs.evolve(QUICK, lease_seconds=60)


async def test_a_process_that_was_told_one_shard_serves_all_of_a_newer_layout_when_it_is_left_alone() -> None:
    outbox, log, stop = MemoryOutbox(), MemoryEventLog({PAYMENTS: 1}), asyncio.Event()
    process = RelayProcess(outbox=outbox, log=log, policy=QUICK, shards=1, stop=stop)
    running = asyncio.create_task(process.run())
    while await outbox.newest_layout() is None:  # noqa: ASYNC110 - the outbox tells nobody
        await asyncio.sleep(0)
    # A relay with four shards came, changed the layout, and has gone again.
    await agree_on_layout(outbox=outbox, log=log, shards=4)
    for bucket in (7, 300, 600, 1000):
        outbox.append(event(bucket, order=f"order-{bucket}", seq=1, bucket=bucket))

    async with asyncio.timeout(30):
        while len(outbox.published) < 4:  # noqa: ASYNC110 - the outbox tells nobody
            await asyncio.sleep(0.01)
    stop.set()
    await running


async def test_a_halted_shard_keeps_its_lease_and_its_chores_and_goes_on_by_itself_when_it_can() -> None:
    outbox, log, stop, done = MemoryOutbox(), MemoryEventLog({PAYMENTS: 1}), asyncio.Event(), list[range]()

    async def work(buckets: range) -> None:
        done.append(buckets)

    layout = await agree_on_layout(outbox=outbox, log=log, shards=1)
    (shard,) = layout.parts()
    before = await outbox.take(shard, owner="before", lease_seconds=0)
    assert before is not None
    await outbox.settle(before, cluster_id="another", records=(), positions={Partition(topic=PAYMENTS, number=0): 0})
    outbox.append(event(1))
    chore = Chore(name="sweep", every_seconds=0.01, work=work)
    policy = attrs.evolve(QUICK, lease_seconds=3)
    process = RelayProcess(outbox=outbox, log=log, policy=policy, shards=1, stop=stop, chores=(chore,))
    running = asyncio.create_task(process.run())
    assert await eventually(lambda: len(done) > 20)
    assert await outbox.take(shard, owner="somebody else", lease_seconds=5) is None
    assert not outbox.published

    log.cluster_id = "another"
    assert await eventually(lambda: len(outbox.published) == 1)
    stop.set()
    await running


async def test_a_lease_is_renewed_for_as_long_as_the_shard_is_served() -> None:
    renewed: list[str] = []

    class Watched(MemoryOutbox):
        async def renew(self, shard: Shard, *, owner: str, lease_seconds: float) -> int | None:
            renewed.append(owner)
            return await super().renew(shard, owner=owner, lease_seconds=lease_seconds)

    stop = asyncio.Event()
    log = MemoryEventLog({PAYMENTS: 1})
    process = RelayProcess(outbox=Watched(), log=log, policy=QUICK, shards=1, stop=stop, owner="relay-1")
    running = asyncio.create_task(process.run())
    assert await eventually(lambda: len(renewed) > 2)
    stop.set()
    await running
    assert set(renewed) == {"relay-1"}


async def test_a_process_that_stops_gives_its_leases_back_at_once() -> None:
    outbox, log, stop = MemoryOutbox(), MemoryEventLog({PAYMENTS: 1}), asyncio.Event()
    process = RelayProcess(outbox=outbox, log=log, policy=LONG, shards=1, stop=stop)
    running = asyncio.create_task(process.run())
    outbox.append(event(1))
    assert await eventually(lambda: len(outbox.published) == 1)
    layout = await outbox.newest_layout()
    assert layout is not None
    (shard,) = layout.parts()
    assert await outbox.take(shard, owner="successor", lease_seconds=5) is None
    stop.set()
    await running
    assert await outbox.take(shard, owner="successor", lease_seconds=5) is not None


async def test_processes_share_the_shards_however_late_one_comes_and_leave_none_unserved() -> None:
    outbox, log = MemoryOutbox(), MemoryEventLog({PAYMENTS: 1})
    stops = [asyncio.Event() for _ in range(3)]
    processes = [RelayProcess(outbox=outbox, log=log, policy=QUICK, shards=5, stop=stop) for stop in stops]

    def held() -> list[int]:
        return sorted(len(process.standing().held) for process in processes)

    running = [asyncio.create_task(processes[0].run())]
    assert await eventually(lambda: held() == [0, 0, 5])
    running += [asyncio.create_task(process.run()) for process in processes[1:]]
    assert await eventually(lambda: held() == [1, 2, 2])

    for number, bucket in enumerate(range(0, 1024, 100)):
        outbox.append(event(number, order=f"order-{bucket}", seq=1, bucket=bucket))
    assert await eventually(lambda: len(outbox.published) == len(outbox.rows))
    stops[0].set()
    await running[0]
    assert await eventually(lambda: held() == [0, 2, 3])
    for stop in stops:
        stop.set()
    await asyncio.gather(*running)


async def test_a_process_that_has_one_shard_more_than_who_asks_keeps_it() -> None:
    asked: list[str] = []

    class Watched(MemoryOutbox):
        async def renew(self, shard: Shard, *, owner: str, lease_seconds: float) -> int | None:
            asker_has = await super().renew(shard, owner=owner, lease_seconds=lease_seconds)
            asked.extend([owner] if asker_has is not None else [])
            return asker_has

    outbox, log, stop = Watched(), MemoryEventLog({PAYMENTS: 1}), asyncio.Event()
    first, second = (
        RelayProcess(outbox=outbox, log=log, policy=QUICK, shards=1, stop=stop, owner=owner)
        for owner in ("first", "second")
    )
    running = [asyncio.create_task(first.run())]
    assert await eventually(lambda: bool(first.standing().held))
    running.append(asyncio.create_task(second.run()))
    assert await eventually(lambda: len(asked) > 5)
    stop.set()
    await asyncio.gather(*running)
    assert set(asked) == {"first"}


async def test_who_leaves_a_shard_marks_first_what_it_has_sent_of_it() -> None:
    begun, ended = list[Shard](), list[Shard]()

    class Slow(MemoryOutbox):
        async def settle(
            self, lease: Lease, *, cluster_id: str, records: Sequence[LogRecord], positions: Mapping[Partition, int]
        ) -> frozenset[EventId]:
            begun.extend([lease.shard] if records else [])
            await asyncio.sleep(QUICK.lease_seconds * len(records))
            marked = await super().settle(lease, cluster_id=cluster_id, records=records, positions=positions)
            ended.extend([lease.shard] if records else [])
            return marked

    outbox, log, stop = Slow(), MemoryEventLog({PAYMENTS: 1}), asyncio.Event()
    process = RelayProcess(outbox=outbox, log=log, policy=QUICK, shards=2, stop=stop)
    running = asyncio.create_task(process.run())
    assert await eventually(lambda: len(process.standing().held) == 2)
    layout = await outbox.newest_layout()
    assert layout is not None
    wanted, _ = layout.parts()
    outbox.append(event(1, bucket=1))
    assert await eventually(lambda: begun == [wanted])
    await outbox.ask(wanted, held=0, seconds=60)

    assert await eventually(lambda: len(process.standing().held) == 1)
    async with asyncio.timeout(30):
        # Only asking the outbox tells that it can be had.
        while await outbox.take(wanted, owner="successor", lease_seconds=60) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert ended == [wanted]
    stop.set()
    await running
