"""Changing the shards, or their producers' names, without letting an old relay write beside a new one."""

import attrs

from sale_domain.ports.publishing import USUAL_PREFIX, EventLog, Layout, Outbox


async def agree_on_layout(*, outbox: Outbox, log: EventLog, shards: int, prefix: str = USUAL_PREFIX) -> Layout:
    """Return the layout to work in: a new one if shards or prefix have changed, ready when nothing older can write.

    The prefix counts because a producer shuts out only those of its own name. Every step can be repeated and done by
    several processes at once. Of processes that ask for different layouts at the same time one wins, and all get its.
    """
    newest = await outbox.newest_layout()
    if newest is None or (newest.shards, newest.prefix) != (shards, prefix):
        number = 1 if newest is None else newest.number + 1
        newest = await outbox.add_layout(number=number, shards=shards, prefix=prefix)
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
    return attrs.evolve(layout, ready=True)
