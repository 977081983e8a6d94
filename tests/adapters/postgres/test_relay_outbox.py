"""What only the real outbox can get wrong: a relay that is paused while it holds its shard's row."""

import asyncio

import psycopg

from lookout import until_waiting
from outbox_tables import make_tables
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.publishing import Lease, Shard

SHARD = Shard(layout=1, index=0, shards=1)


async def test_a_relay_paused_in_mid_transaction_does_not_keep_its_shard(database_url: str) -> None:
    make_tables(database_url)
    async with PostgresRelayOutbox(database_url) as paused, PostgresRelayOutbox(database_url) as successor:
        await paused.make_ready(await paused.add_layout(number=1, shards=1))
        lease = await paused.take(SHARD, owner="paused", lease_seconds=0.1)
        assert lease is not None

        async def pause_with_the_row_locked() -> None:
            async with paused._fenced(lease):  # the very place where a SIGSTOP hurts
                locked.set()
                await asyncio.sleep(30)

        locked = asyncio.Event()
        pausing = asyncio.create_task(pause_with_the_row_locked())
        await locked.wait()
        async with asyncio.timeout(8):
            taken = await _take(successor)
        assert taken.fence == lease.fence + 1
        pausing.cancel()
        await asyncio.gather(pausing, return_exceptions=True)


async def test_nobody_takes_a_shard_in_the_middle_of_what_its_holder_writes(database_url: str) -> None:
    make_tables(database_url)
    async with (
        PostgresRelayOutbox(database_url) as holder,
        PostgresRelayOutbox(database_url) as successor,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as looking,
    ):
        await holder.make_ready(await holder.add_layout(number=1, shards=1))
        lease = await holder.take(SHARD, owner="holder", lease_seconds=0)
        assert lease is not None
        async with holder._fenced(lease):  # as every write of a relay is
            taking = asyncio.create_task(successor.take(SHARD, owner="successor", lease_seconds=60))
            await until_waiting(looking, sessions=1)
        taken = await taking
    assert taken is not None
    assert taken.fence == lease.fence + 1


async def _take(outbox: PostgresRelayOutbox) -> Lease:
    while True:
        try:
            lease = await outbox.take(SHARD, owner="successor", lease_seconds=60)
        except StoreUnavailable:
            continue
        if lease is not None:
            return lease
        await asyncio.sleep(0.05)
