"""The relay's shards in one process, over memory: whoever is left serves all there are."""

import asyncio

from relay_world import PAYMENTS, event
from sale_adapters.memory.event_log import MemoryEventLog
from sale_adapters.memory.relay_outbox import MemoryOutbox
from sale_app.relay_process import RelayProcess
from sale_domain.publishing import RelayPolicy
from sale_domain.publishing_layout import agree_on_layout

QUICK = RelayPolicy(topics=(PAYMENTS,), poll_seconds=0.01, lease_seconds=0.2)


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
