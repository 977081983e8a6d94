"""Who comes to one order's kitchen at the same time, on a real PostgreSQL: the order row's lock puts them in turn."""

import asyncio
import random
from collections.abc import AsyncIterator
from decimal import Decimal

import attrs
import psycopg
import pytest

from orders_world import fresh_merchant
from parts import parts_on
from sale_adapters.memory import demo_catalog
from sale_adapters.postgres import (
    Database,
)
from sale_domain.context import Context
from sale_domain.cooking import Portion
from sale_domain.errors import AlreadySent, IllegalTransition
from sale_domain.ids import ItemId, KitchenItemId, OrderId, SaleChannelId, UserId
from sale_domain.kitchen import KitchenTicket
from sale_domain.kitchen_errors import MoreThanOrdered, NothingToSend
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.orders import Order
from sale_domain.ports.kitchen import TicketFilter
from sale_domain.sale import Sale
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import NewOrder, ProductRequest

CHANNEL = SaleChannelId("channel-race")
CHANCE = random.Random(20260105)  # noqa: S311 - a seed makes the same races again
RACES = 40
COOK, FINISH, *_ = KitchenItemAction


@attrs.frozen(kw_only=True)
class Shop:
    """One merchant's sale, and a look at the outbox from outside."""

    sale: Sale
    context: Context
    outside: psycopg.AsyncConnection

    async def opened(self) -> Order:
        pho = ProductRequest(item_id=ItemId("variant-pho"), quantity=Decimal(2))
        return (await self.sale.create_order(self.context, NewOrder(sale_channel_id=CHANNEL, items=(pho,)))).order

    async def seen(self, order_id: OrderId) -> Order:
        return (await self.sale.order(self.context, order_id)).order

    async def tickets(self, order_id: OrderId) -> list[KitchenTicket]:
        page = await self.sale.tickets(self.context, TicketFilter(), after=None, limit=200)
        return [view.ticket for view in page.tickets if view.order_id == order_id]

    async def events(self, order_id: OrderId) -> list[int]:
        rows = await self.outside.execute("SELECT seq FROM outbox WHERE order_id = %s ORDER BY seq", (order_id,))
        return [seq for (seq,) in await rows.fetchall()]


@pytest.fixture
async def shop(tables_url: str, other: psycopg.AsyncConnection) -> AsyncIterator[Shop]:
    merchant, catalog = fresh_merchant(), demo_catalog()
    catalog.sell_at(CHANNEL, merchant_id=merchant, currency="VND")
    async with Database(tables_url) as database:
        parts = attrs.evolve(parts_on(database), catalog=catalog)
        context = Context(merchant_id=merchant, user_id=UserId("user-1"))
        yield Shop(sale=Sale(parts), context=context, outside=other)


async def a_moment() -> None:
    await asyncio.sleep(CHANCE.uniform(0, 0.01))


async def test_two_cooks_that_tap_finish_at_the_same_moment_finish_it_once(shop: Shop) -> None:
    for _ in range(RACES):
        order = await shop.opened()
        sent = await shop.sale.send(shop.context, order.id, ())
        item = KitchenItemId(sent.order.kitchen.items[0].id)
        await shop.sale.act_on_kitchen_item(shop.context, item, COOK)

        taps = await asyncio.gather(
            *(shop.sale.act_on_kitchen_item(shop.context, item, FINISH) for _ in range(2)), return_exceptions=True
        )

        (refused,) = (tap for tap in taps if isinstance(tap, BaseException))
        assert isinstance(refused, IllegalTransition)
        assert (refused.status, refused.action) == ("READY", "finish")
        (ticket,) = await shop.tickets(order.id)
        assert (ticket.version, ticket.items[0].moves) == (3, 2)
        assert await shop.events(order.id) == [1, 2]


async def test_a_sending_against_a_smaller_quantity_never_sends_more_than_is_ordered(shop: Shop) -> None:
    sent_first = set[bool]()
    for _ in range(RACES):
        order = await shop.opened()

        async def send(order: Order = order) -> None:
            await a_moment()
            two = Portion(line_id=order.basket.lines[0].id, quantity=Decimal(2))
            await shop.sale.send(shop.context, order.id, (two,))

        async def reduce(order: Order = order) -> None:
            await a_moment()
            line = order.basket.lines[0].id
            await shop.sale.change_item(shop.context, order.id, line, quantity=Decimal(1))

        sent, reduced = await asyncio.gather(send(), reduce(), return_exceptions=True)

        after = (await shop.seen(order.id)).basket.lines[0]
        cooked = sum(item.quantity for ticket in await shop.tickets(order.id) for item in ticket.items)
        if sent is None:
            assert isinstance(reduced, AlreadySent)
            assert (int(after.quantity), int(after.sent_quantity), int(cooked)) == (2, 2, 2)
        else:
            assert isinstance(sent, MoreThanOrdered)
            assert reduced is None
            assert (int(after.quantity), int(after.sent_quantity), int(cooked)) == (1, 0, 0)
        sent_first.add(sent is None)
    # Else they never met, and nothing was proven.
    assert sent_first == {True, False}


async def test_devices_that_send_everything_at_once_make_one_ticket(shop: Shop) -> None:
    for _ in range(RACES // 2):
        order = await shop.opened()

        sent = await asyncio.gather(
            *(shop.sale.send(shop.context, order.id, ()) for _ in range(3)), return_exceptions=True
        )

        refused = [outcome for outcome in sent if isinstance(outcome, BaseException)]
        assert [type(outcome) for outcome in refused] == [NothingToSend] * 2
        (ticket,) = await shop.tickets(order.id)
        assert int(ticket.items[0].quantity) == 2
        assert (await shop.seen(order.id)).version == 2


async def test_a_checkout_against_a_sending_loses_neither(shop: Shop) -> None:
    for _ in range(RACES // 2):
        order = await shop.opened()

        async def send(order: Order = order) -> None:
            await a_moment()
            await shop.sale.send(shop.context, order.id, ())

        async def check_out(order: Order = order) -> None:
            await a_moment()
            await shop.sale.check_out(shop.context, order.id, CheckoutRequest())

        outcomes = await asyncio.gather(send(), check_out(), return_exceptions=True)

        assert not [outcome for outcome in outcomes if isinstance(outcome, BaseException)], outcomes
        after = await shop.seen(order.id)
        (ticket,) = await shop.tickets(order.id)
        assert (after.status.value, after.version, int(after.basket.lines[0].sent_quantity)) == ("PROCESSING", 3, 2)
        assert ticket.items[0].recipe_id == after.basket.lines[0].recipe_id == "recipe-pho"


async def test_a_cancellation_against_a_cook_leaves_nothing_pending_and_nothing_lost(shop: Shop) -> None:
    for _ in range(RACES // 2):
        order = await shop.opened()
        sent = await shop.sale.send(shop.context, order.id, ())
        item = KitchenItemId(sent.order.kitchen.items[0].id)

        async def cancel(order: Order = order) -> None:
            await a_moment()
            await shop.sale.cancel(shop.context, order.id, reason="gone")

        async def cook(item: KitchenItemId = item) -> None:
            await a_moment()
            await shop.sale.act_on_kitchen_item(shop.context, item, COOK)

        cancelled, cooked = await asyncio.gather(cancel(), cook(), return_exceptions=True)

        (ticket,) = await shop.tickets(order.id)
        assert cancelled is None
        assert ticket.order_cancelled
        assert (ticket.items[0].status.value, ticket.items[0].moves) == (
            ("COOKING", 1) if cooked is None else ("VOIDED", 1)
        )
        assert await shop.events(order.id) == [1]
