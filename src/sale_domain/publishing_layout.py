"""Changing how the buckets are cut into shards without letting an old relay write beside a new one."""

from sale_domain.ports.publishing import EventLog, Layout, Outbox


async def agree_on_layout(*, outbox: Outbox, log: EventLog, shards: int) -> Layout:
    """Return the layout to work in: a new one if the number of shards has changed, ready when nothing older can write.

    Every step can be repeated and done by several processes at once. Of processes that ask for different numbers at the
    same time one wins, and all get its layout.
    """
    newest = await outbox.newest_layout()
    if newest is None or newest.shards != shards:
        newest = await outbox.add_layout(number=1 if newest is None else newest.number + 1, shards=shards)
    return await make_ready(newest, outbox=outbox, log=log)


async def make_ready(layout: Layout, *, outbox: Outbox, log: EventLog) -> Layout:
    """Shut every older layout out of the outbox and then out of the log, and let this one begin.

    The order matters: once the fence is up an old relay gets no more rows, and whatever it still holds belongs to a
    producer that `open` shuts out.
    """
    if layout.ready:
        return layout
    for older in await outbox.unretired_layouts():
        if older.number < layout.number:
            for shard in older.parts():
                await outbox.retire(shard)
                session = await log.open(shard)
                await session.close()
    await outbox.make_ready(layout)
    return Layout(number=layout.number, shards=layout.shards, ready=True)
