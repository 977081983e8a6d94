"""An evening at the phở shop, played on any store and told to any log: every kind of order once."""

from datetime import timedelta

import attrs
import psycopg

import orders_world as world
from sale_adapters.memory import MemoryEventLog
from sale_domain.events import PAYMENT_SUCCESS
from sale_domain.ids import MerchantId, OrderId
from sale_domain.ports.orders import Decide, Decision, Orders
from sale_domain.ports.publishing import OutboxRow, PublishedAt, Shard

CLOSING_TIME = world.MORNING + timedelta(minutes=30)
SHARD = Shard(layout=1, index=0, shards=1)


@attrs.frozen(kw_only=True)
class Evening:
    """Who sold, and one order of each kind."""

    merchant_id: MerchantId
    draft: OrderId
    processing: OrderId
    partial: OrderId
    completed: OrderId
    cancelled: OrderId


async def play(orders: Orders) -> Evening:
    """Sell two phở bò (130 000 VND) five times, each with another end."""
    merchant_id = world.fresh_merchant()

    async def sell(*decisions: Decide) -> OrderId:
        opened = world.opened(merchant_id, world.pho())
        await orders.create(Decision(change=opened), once=None)
        for decide in decisions:
            await orders.change(opened.order.id, decide, merchant_id=None)
        return opened.order.id

    def pay(order_id: OrderId, *amounts: int) -> list[Decide]:
        return [world.paying(world.attempt(order_id, amount, uid=f"attempt-{amount}")) for amount in amounts]

    async def then(order_id: OrderId, *decisions: Decide) -> OrderId:
        for decide in decisions:
            await orders.change(order_id, decide, merchant_id=None)
        return order_id

    out = world.checking_out()
    partial, completed, cancelled = await sell(out), await sell(world.adding(world.breakfast()), out), await sell(out)
    return Evening(
        merchant_id=merchant_id,
        draft=await sell(out, lambda order: Decision(change=order.revert(reason=None, at=order.updated_at, by="lan"))),
        processing=await sell(out),
        partial=await then(partial, *pay(partial, 50_000)),
        completed=await then(completed, *pay(completed, 100_000, 500_000)),
        cancelled=await then(
            cancelled,
            *pay(cancelled, 30_000),
            lambda order: Decision(change=order.cancel(reason="left", at=order.updated_at, by="lan")),
            *pay(cancelled, 20_000),
        ),
    )


def new_log() -> MemoryEventLog:
    return MemoryEventLog({PAYMENT_SUCCESS: 3})


async def publish(tables_url: str, log: MemoryEventLog) -> None:
    """Do what the relay does with every row of the outbox."""
    async with await psycopg.AsyncConnection.connect(tables_url) as connection:
        found = await connection.execute(
            "SELECT event_id, order_id, seq, topic, payload, occurred_at FROM outbox WHERE published_at IS NULL"
            " ORDER BY occurred_at, order_id, seq"
        )
        for event_id, order_id, seq, topic, payload, occurred_at in await found.fetchall():
            row = OutboxRow(
                event_id=event_id,
                order_id=order_id,
                seq=seq,
                topic=topic,
                payload=payload.encode(),
                occurred_at=occurred_at,
            )
            at = await told(log, row)
            await connection.execute(
                "UPDATE outbox SET published_at = now(), partition = %s, log_offset = %s, cluster_id = %s"
                " WHERE event_id = %s",
                (at.partition, at.offset, log.cluster_id, event_id),
            )


async def told(log: MemoryEventLog, row: OutboxRow) -> PublishedAt:
    """Publish one row in a transaction of its own."""
    session = await log.open(SHARD)
    (at,) = await session.publish([row])
    return at
