"""Checkout against add-item on a real PostgreSQL: nothing slips in behind the prices (C22)."""

import asyncio
import random

import attrs
import pytest

from orders_world import fresh_merchant
from parts import parts_on
from sale_adapters.memory import MemoryPricing, demo_catalog, demo_pricing
from sale_adapters.postgres import (
    Database,
)
from sale_domain.context import Context
from sale_domain.errors import IllegalTransition
from sale_domain.feed import FeedAction
from sale_domain.ids import ItemId, MerchantId, OrderId, SaleChannelId, UserId
from sale_domain.money import Money
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.ports.sisters import PricingRequest
from sale_domain.quotes import Quote
from sale_domain.use_cases import checkout, ordering
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import NewOrder, ProductRequest
from sale_domain.use_cases.parts import Parts

RACES = 220
AT_ONCE = 8
SPREADS = (1, 2, 4, 8, 16)
"""How late items may come, so that they meet the checkout on a busy machine too, where it takes its time."""
CHANNEL = "channel-race"
CHANCE = random.Random(20260105)  # noqa: S311 - a seed makes the same races again


class SlowPricing(MemoryPricing):
    """Pricing that takes a moment, now a short and now a long one."""

    async def calculate(self, request: PricingRequest) -> Quote:
        await asyncio.sleep(CHANCE.uniform(0, 0.01))
        return await super().calculate(request)


@attrs.frozen
class Race:
    """What became of a checkout and two items that were added meanwhile."""

    order_id: OrderId
    accepted: int


def parts_of(database: Database, merchant: MerchantId) -> Parts:
    catalog, pricing = demo_catalog(), SlowPricing()
    catalog.sell_at(CHANNEL, merchant_id=merchant, currency="VND")
    pricing.prices = demo_pricing().prices
    return attrs.evolve(parts_on(database), catalog=catalog, pricing=pricing)


async def race(parts: Parts, context: Context, *, spread: int) -> Race:
    """Open an order, check it out, and add two items at moments of their own."""
    new = NewOrder(sale_channel_id=SaleChannelId(CHANNEL), items=(ProductRequest(item_id=ItemId("variant-pho")),))
    order_id = (await ordering.create_order(parts, context, new)).order.id

    async def add(item: str, *, within_seconds: float) -> bool:
        await asyncio.sleep(CHANCE.uniform(0, spread * within_seconds))
        try:
            await ordering.add_item(parts, context, order_id, ProductRequest(item_id=ItemId(item)))
        except IllegalTransition:
            return False
        return True

    _, *added = await asyncio.gather(
        checkout.check_out(parts, context, order_id, CheckoutRequest()),
        add("variant-tra-da", within_seconds=0.02),
        add("variant-pho", within_seconds=0.08),
    )
    return Race(order_id, accepted=added.count(True))


async def check(parts: Parts, context: Context, one: Race) -> None:
    """See that the order is charged for just the items that were accepted."""
    order = (await parts.orders.find(one.order_id, merchant_id=context.merchant_id)).order
    history = await parts.orders.history(one.order_id, merchant_id=context.merchant_id)
    prices = [line.price for line in order.basket.lines]
    assert order.status is OrderStatus.PROCESSING
    assert order.totals is not None
    assert None not in prices
    assert order.totals.total == Money.sum((price.total for price in prices if price), currency=order.currency)
    assert sum(line.quantity for line in order.basket.lines) == 1 + one.accepted
    assert [row.entry.action for row in history.entries] == [
        FeedAction.ORDER_CREATED,
        *[FeedAction.ORDER_UPDATED] * one.accepted,
        FeedAction.ORDER_CHECKED_OUT,
    ]
    assert [row.entry.version for row in history.entries] == list(range(1, order.version + 1))


@pytest.mark.timeout(180)
async def test_no_item_slips_in_behind_the_prices_of_a_checkout(tables_url: str) -> None:
    merchant = fresh_merchant()
    context = Context(merchant_id=merchant, user_id=UserId("user-1"))
    turns = asyncio.Semaphore(AT_ONCE)
    async with Database(tables_url) as database:
        parts = parts_of(database, merchant)

        async def run(spread: int) -> int:
            async with turns:
                done = await race(parts, context, spread=spread)
                await check(parts, context, done)
                return done.accepted

        accepted: set[int] = set()
        for spread in SPREADS:
            accepted.update(await asyncio.gather(*(run(spread) for _ in range(RACES))))
            if accepted == {0, 1, 2}:
                break

    # Else the items never met the checkout, and nothing was proven.
    assert accepted == {0, 1, 2}
