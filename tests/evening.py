"""An evening at the phở shop, played on any store and told to any log: every kind of order once."""

from datetime import timedelta
from decimal import Decimal

import attrs
import psycopg

import orders_world as world
from sale_adapters.memory import MemoryEventLog
from sale_domain.cooking import Portion
from sale_domain.events import EVENT_TYPES
from sale_domain.ids import MerchantId, OrderId
from sale_domain.kitchen_lifecycle import KitchenItemAction
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
    eaten: OrderId


async def play(orders: Orders) -> Evening:
    """Sell two phở bò (130 000 VND) five times, each with another end."""
    merchant_id = world.fresh_merchant()

    async def sell(*decisions: Decide) -> OrderId:
        opened = world.opened(merchant_id, world.pho())
        await orders.create(Decision(change=opened), once=None)
        for decide in decisions:
            await orders.change(opened.order.id, decide, merchant_id=merchant_id)
        return opened.order.id

    def pay(order_id: OrderId, *amounts: int) -> list[Decide]:
        return [world.paying(world.attempt(order_id, amount, uid=f"attempt-{amount}")) for amount in amounts]

    async def then(order_id: OrderId, *decisions: Decide) -> OrderId:
        for decide in decisions:
            await orders.change(order_id, decide, merchant_id=merchant_id)
        return order_id

    out = world.checking_out()
    partial, completed, cancelled = await sell(out), await sell(world.adding(world.breakfast()), out), await sell(out)
    return Evening(
        merchant_id=merchant_id,
        draft=await sell(out, lambda order: Decision(change=order.revert(reason=None, at=order.updated_at, by="lan"))),
        processing=await sell(out),
        partial=await then(partial, *pay(partial, 50_000)),
        completed=await then(completed, *pay(completed, 100_000, 500_000)),
        eaten=await eat(orders, merchant_id, await sell()),
        cancelled=await then(
            cancelled,
            *pay(cancelled, 30_000),
            lambda order: Decision(change=order.cancel(reason="left", at=order.updated_at, by="lan")),
            *pay(cancelled, 20_000),
        ),
    )


async def eat(orders: Orders, merchant_id: MerchantId, order_id: OrderId) -> OrderId:
    """Send two phở bò in two tickets; one is cooked, recalled and served, the other is voided."""
    cook, finish, serve, recall, void = KitchenItemAction
    lines = (await orders.find(order_id, merchant_id=merchant_id)).order.basket.lines
    one = Portion(line_id=lines[0].id, quantity=Decimal(1))
    items = []
    for _ in range(2):
        sent = await orders.change(order_id, world.sending(one), merchant_id=merchant_id)
        items.append(sent.view.order.kitchen.items[-1].id)
    for action in (cook, finish, recall, finish, serve):
        await orders.change(order_id, world.tapping(items[0], action), merchant_id=merchant_id)
    await orders.change(order_id, world.tapping(items[1], void, reason="dropped"), merchant_id=merchant_id)
    return order_id


def new_log() -> MemoryEventLog:
    return MemoryEventLog(dict.fromkeys(EVENT_TYPES, 3))


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
