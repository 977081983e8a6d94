"""Whether Sale spreads: 1, 2, 4 `serve` processes and 1, 2, 4 relay shards, against one, and nothing done twice."""

import asyncio
import statistics
import sys
from collections.abc import AsyncGenerator, Sequence

import psycopg

from asked import Asked, PartFailed
from load import CONNECTIONS
from relay_rig import open_relay_rig, refuse_repeats
from relaying import drain, read
from report import Figure
from rig import Rig, open_rig

WIDTHS = (1, 2, 4)
POOL = 10
"""`SALE_DATABASE_POOL_SIZE`, as it comes."""
_SHARE = 5
"""How much smaller a backlog is than where one shard is measured alone, since there are three."""
_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sale'"
# Of what each told of once: deliveries that had an effect, facts, steps of an order's history.
_DONE = """
    SELECT (SELECT count(*) FROM webhook_log WHERE outcome = 'applied'),
        (SELECT count(*) FROM payment_facts),
        (SELECT count(*) FROM history WHERE action = 'ORDER_PAYMENT_UPDATED')
"""


async def serving(asked: Asked) -> AsyncGenerator[Figure]:
    """Measure the webhook over 1, 2 and 4 replicas, in rounds that alternate."""
    async with open_rig(replicas=WIDTHS[-1]) as rig:
        await rig.fill(asked.orders[0])
        rates = {width: list[float]() for width in WIDTHS}
        answered = 0
        for number in range(asked.rounds + 1):
            for width in WIDTHS:
                rate, requests = await _round(rig, width, seconds=asked.seconds)
                answered += requests
                if number:  # in the first, connections are opened, statements prepared and caches warmed
                    rates[width].append(rate)
        _refuse_double_work(rig, answered=answered, rounds=len(WIDTHS) * (asked.rounds + 1))
    for width in WIDTHS:
        of_one = [many / one for many, one in zip(rates[width], rates[1], strict=True)]
        yield Figure(name=f"webhook over {width} serve", unit="of one serve", values=of_one)


async def sharding(asked: Asked) -> AsyncGenerator[Figure]:
    """Drain a backlog with 1, 2 and 4 shards, each in a process of its own if it is fast enough to get one."""
    async with open_relay_rig() as rig:
        backlog = asked.orders[0] // _SHARE
        rates = dict[int, float]()
        for width in WIDTHS:
            gone = await drain(rig, backlog=backlog, shards=width, processes=width)
            rates[width] = statistics.median(gone.per_second)
        refuse_repeats(await read(rig), count=rig.count + 1)
    for width in WIDTHS:
        yield Figure(name=f"backlog over {width} shards", unit="of one shard", values=[rates[width] / rates[1]])


async def _round(rig: Rig, width: int, *, seconds: int) -> tuple[float, int]:
    before, most = rig.used(), list[int]()
    watching = asyncio.create_task(_watch(rig, most))
    sale = await rig.load("payment", places=rig.places[:width], seconds=seconds)
    watching.cancel()
    used = rig.used().since(before, each=1_000 * sale.seconds)
    sys.stdout.write(
        f"webhook over {width} serve: {sale.per_second:6.0f}/s, p99 {sale.p99:6.1f} ms; cores: serve {used.serve:.2f}, "
        f"PostgreSQL {used.postgres:.2f}; sessions {max(most, default=0)}\n"
    )
    sys.stdout.flush()
    allowed = POOL * len(rig.places)
    if max(most, default=0) > allowed:
        raise PartFailed(f"{max(most)} sessions at PostgreSQL, and {allowed} were reckoned")
    return sale.per_second, sale.requests


async def _watch(rig: Rig, most: list[int]) -> None:
    async with await psycopg.AsyncConnection.connect(rig.url, autocommit=True) as connection:
        while True:
            ((count,),) = await (await connection.execute(_SESSIONS)).fetchall()
            most.append(count)
            await asyncio.sleep(0.5)


def _refuse_double_work(rig: Rig, *, answered: int, rounds: int) -> None:
    """Hold that each request has had its effect once; those that wrk has given up on at a round's end may have one too.

    Raises:
        PartFailed: something was done twice, or not at all.
    """
    with psycopg.connect(rig.url) as connection:
        done: Sequence[int] = connection.execute(_DONE).fetchone() or ()
    sys.stdout.write(f"{answered} answers; deliveries, facts, steps: {done}\n")
    if len(set(done)) != 1 or not answered <= done[0] <= answered + rounds * CONNECTIONS:
        raise PartFailed(f"{answered} webhooks were answered; deliveries, facts and steps that came: {done}")
