"""Who comes to one order's kitchen at the same time, on a real PostgreSQL: the order row's lock puts them in turn."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from decimal import Decimal
from typing import Any

import attrs
import psycopg
import pytest

from lookout import until_waiting
from orders_world import fresh_merchant
from parts import parts_on
from sale_adapters.memory import MemoryPricing, demo_catalog, demo_pricing
from sale_adapters.postgres import Database
from sale_domain.context import Context
from sale_domain.cooking import Portion
from sale_domain.errors import IllegalTransition
from sale_domain.ids import ItemId, KitchenItemId, OrderId, SaleChannelId, UserId
from sale_domain.kitchen import KitchenTicket
from sale_domain.kitchen_errors import MoreThanOrdered, NothingToSend
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.order_errors import AlreadySent
from sale_domain.orders import Order
from sale_domain.ports.kitchen import TicketFilter
from sale_domain.sale import Sale
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import NewOrder, ProductRequest

CHANNEL = SaleChannelId("channel-race")
COOK, FINISH, *_ = KitchenItemAction


@attrs.frozen(kw_only=True)
class Shop:
    """One merchant's sale, and a look at the database from outside."""

    sale: Sale
    context: Context
    outside: psycopg.AsyncConnection
    database_url: str
    pricing: MemoryPricing

    async def opened(self) -> Order:
        pho = ProductRequest(item_id=ItemId("variant-pho"), quantity=Decimal(2))
        return (await self.sale.create_order(self.context, NewOrder(sale_channel_id=CHANNEL, items=(pho,)))).order

    async def sent(self) -> tuple[Order, KitchenItemId]:
        """Return an order whose phở the kitchen has, as one item."""
        order = (await self.sale.send(self.context, (await self.opened()).id, ())).order
        return order, KitchenItemId(order.kitchen.items[0].id)

    async def in_turn(self, order_id: OrderId, *commands: Coroutine[Any, Any, object]) -> Sequence[object]:
        """Return what becomes of commands that all wait for the order's row, and get it in this turn.

        Somebody else has the row until the last of them waits; PostgreSQL lets whoever waits in as they came.
        """
        async with await psycopg.AsyncConnection.connect(self.database_url) as holder:
            await holder.execute("SELECT 1 FROM sale_orders WHERE id = %s FOR UPDATE", (order_id,))
            waiting = list[asyncio.Task[object]]()
            for command in commands:
                waiting.append(asyncio.create_task(command))
                await until_waiting(self.outside, sessions=len(waiting))
        return await asyncio.gather(*waiting, return_exceptions=True)

    async def seen(self, order_id: OrderId) -> Order:
        return (await self.sale.order(self.context, order_id)).order

    async def actions(self, order_id: OrderId) -> list[str]:
        history = await self.sale.order_history(self.context, order_id)
        return [row.entry.action.value for row in history.entries]

    async def tickets(self, order_id: OrderId) -> list[KitchenTicket]:
        page = await self.sale.tickets(self.context, TicketFilter(), after=None, limit=200)
        return [view.ticket for view in page.tickets if view.order_id == order_id]

    async def events(self, order_id: OrderId) -> list[int]:
        rows = await self.outside.execute("SELECT seq FROM outbox WHERE order_id = %s ORDER BY seq", (order_id,))
        return [seq for (seq,) in await rows.fetchall()]


@pytest.fixture
async def shop(tables_url: str, other: psycopg.AsyncConnection) -> AsyncIterator[Shop]:
    merchant, catalog, pricing = fresh_merchant(), demo_catalog(), demo_pricing()
    catalog.sell_at(CHANNEL, merchant_id=merchant, currency="VND")
    async with Database(tables_url) as database:
        parts = attrs.evolve(parts_on(database), catalog=catalog, pricing=pricing)
        context = Context(merchant_id=merchant, user_id=UserId("user-1"))
        yield Shop(sale=Sale(parts), context=context, outside=other, database_url=tables_url, pricing=pricing)


async def test_two_cooks_that_tap_finish_at_the_same_moment_finish_it_once(shop: Shop) -> None:
    order, item = await shop.sent()
    await shop.sale.act_on_kitchen_item(shop.context, item, COOK)

    _, refused = await shop.in_turn(
        order.id, *(shop.sale.act_on_kitchen_item(shop.context, item, FINISH) for _ in range(2))
    )

    assert isinstance(refused, IllegalTransition)
    assert (refused.status, refused.action) == ("READY", "finish")
    (ticket,) = await shop.tickets(order.id)
    assert (ticket.version, ticket.items[0].moves) == (3, 2)
    assert await shop.events(order.id) == [1, 2]


@pytest.mark.parametrize("sent_first", [True, False], ids=["sent first", "reduced first"])
async def test_a_sending_against_a_smaller_quantity_never_sends_more_than_is_ordered(
    shop: Shop, *, sent_first: bool
) -> None:
    order = await shop.opened()
    line = order.basket.lines[0].id
    send = shop.sale.send(shop.context, order.id, (Portion(line_id=line, quantity=Decimal(2)),))
    reduce = shop.sale.change_item(shop.context, order.id, line, quantity=Decimal(1))

    _, refused = await shop.in_turn(order.id, *((send, reduce) if sent_first else (reduce, send)))

    assert isinstance(refused, AlreadySent if sent_first else MoreThanOrdered)
    after = (await shop.seen(order.id)).basket.lines[0]
    cooked = sum(item.quantity for ticket in await shop.tickets(order.id) for item in ticket.items)
    expected = (2, 2, 2) if sent_first else (1, 0, 0)
    assert (int(after.quantity), int(after.sent_quantity), int(cooked)) == expected


async def test_devices_that_send_everything_at_once_make_one_ticket(shop: Shop) -> None:
    order = await shop.opened()

    _, *refused = await shop.in_turn(order.id, *(shop.sale.send(shop.context, order.id, ()) for _ in range(3)))

    assert [type(outcome) for outcome in refused] == [NothingToSend] * 2
    (ticket,) = await shop.tickets(order.id)
    assert int(ticket.items[0].quantity) == 2
    assert (await shop.seen(order.id)).version == 2


@pytest.mark.parametrize("sent_first", [True, False], ids=["sent first", "checked out first"])
async def test_a_checkout_against_a_sending_loses_neither(shop: Shop, *, sent_first: bool) -> None:
    order = await shop.opened()
    send = shop.sale.send(shop.context, order.id, ())
    check_out = shop.sale.check_out(shop.context, order.id, CheckoutRequest())

    outcomes = await shop.in_turn(order.id, *((send, check_out) if sent_first else (check_out, send)))

    assert not [outcome for outcome in outcomes if isinstance(outcome, BaseException)], outcomes
    commands = ["ORDER_UPDATED", "ORDER_CHECKED_OUT"]
    assert await shop.actions(order.id) == ["ORDER_CREATED", *(commands if sent_first else commands[::-1])]
    # A checkout that finds the order changed starts over.
    assert len(shop.pricing.requests) == 1 + sent_first
    after = await shop.seen(order.id)
    (ticket,) = await shop.tickets(order.id)
    assert (after.status.value, after.version, int(after.basket.lines[0].sent_quantity)) == ("PROCESSING", 3, 2)
    assert ticket.items[0].recipe_id == after.basket.lines[0].recipe_id == "recipe-pho"


@pytest.mark.parametrize("cooked_first", [True, False], ids=["cooked first", "cancelled first"])
async def test_a_cancellation_against_a_cook_leaves_nothing_pending_and_nothing_lost(
    shop: Shop, *, cooked_first: bool
) -> None:
    order, item = await shop.sent()
    cancel = shop.sale.cancel(shop.context, order.id, reason="gone")
    cook = shop.sale.act_on_kitchen_item(shop.context, item, COOK)

    done, late = await shop.in_turn(order.id, *((cook, cancel) if cooked_first else (cancel, cook)))

    assert not isinstance(done, BaseException)
    (ticket,) = await shop.tickets(order.id)
    assert ticket.order_cancelled
    assert (await shop.seen(order.id)).status.value == "CANCELLED"
    if cooked_first:
        assert not isinstance(late, BaseException)
        assert (ticket.items[0].status.value, ticket.items[0].moves) == ("COOKING", 1)
    else:
        assert isinstance(late, IllegalTransition)
        assert (ticket.items[0].status.value, ticket.items[0].moves) == ("VOIDED", 1)
    assert await shop.events(order.id) == [1]
