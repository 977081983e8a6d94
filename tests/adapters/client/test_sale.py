"""Whole evenings through the client, at a Sale in memory: orders, money, kitchen, tables, and lists of them."""

from decimal import Decimal

import pytest

from client_world import client_of, shop_of_lan
from sale_adapters.client import Component, Conflict, Portion, Product, StaleVersion, Station
from sale_app.testing.payments import paying
from sale_domain.kitchen_lifecycle import KitchenTicketStatus
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.usage_lifecycle import UsageStatus

COMBO = Product(item_id="variant-combo-sang", components=[Component(item_id="variant-tra-da")])


async def test_an_order_is_filled_priced_paid_and_looked_at() -> None:
    shop = shop_of_lan()
    async with client_of(shop) as sale:
        order = await sale.create_order(sale_channel_id="channel-vnd", items=[COMBO], note="Bàn 5")
        order = await sale.add_item(order.id, Product(item_id="variant-pho", quantity=2), if_match=order.version)
        pho = next(line for line in order.items if line.item_id == "variant-pho")
        await sale.change_item(order.id, pho.id, quantity=3, note="no onion")
        order = await sale.change_item(order.id, pho.id, note=None)
        assert [(line.item_id, line.quantity, line.note) for line in order.items if line.id == pho.id] == [
            ("variant-pho", Decimal(3), None)
        ]
        seen = await sale.preview_prices(order.id)
        with pytest.raises(Conflict) as raised:
            await sale.check_out(order.id, expected_total=seen.total - 1)
        assert (raised.value.code, raised.value.members["actualTotal"]) == ("price-changed", seen.total)
        order = await sale.check_out(order.id, expected_total=seen.total)
        assert order.snapshots is not None
        order = await sale.revert(order.id, reason="one less")
        order = await sale.remove_item(order.id, pho.id)
        order = await sale.check_out(order.id)
        assert order.total is not None
        assert await paying(shop)(order.id, order.total + 5_000) == "applied"
        order = await sale.order(order.id)
        assert (order.status, order.paid, order.unallocated) == ("COMPLETED", order.total, Decimal(5_000))
        assert [owed.sale_order_id async for owed in sale.unallocated()] == [order.id]
        assert [row.action for row in await sale.order_history(order.id)][-2:] == [
            "ORDER_CHECKED_OUT",
            "ORDER_PAYMENT_UPDATED",
        ]


async def test_whoever_has_seen_an_older_version_is_told_so() -> None:
    async with client_of(shop_of_lan()) as sale:
        order = await sale.create_order(sale_channel_id="channel-vnd", items=[COMBO])
        await sale.remove_all_items(order.id, if_match=1)
        with pytest.raises(StaleVersion) as raised:
            await sale.cancel(order.id, reason="too late", if_match=1)
        assert raised.value.members == {"expectedVersion": 1, "actualVersion": 2}
        assert (await sale.cancel(order.id, reason="in time", if_match=2)).cancel_reason == "in time"


async def test_a_list_goes_on_over_all_its_pages() -> None:
    async with client_of(shop_of_lan()) as sale:
        made = [
            (await sale.create_order(sale_channel_id="channel-vnd", customer_id=f"guest-{n % 2}")).id for n in range(5)
        ]
        assert [order.id async for order in sale.orders(page_size=2)] == made[::-1]
        assert [order.id async for order in sale.orders(customer_id="guest-1", page_size=1)] == [made[3], made[1]]
        assert [order async for order in sale.orders(status=OrderStatus.COMPLETED)] == []
        pages = sale.orders(page_size=3)
        first = await pages.page()
        rest = await pages.page(first.next_cursor)
        assert [len(first.items), len(rest.items), rest.next_cursor] == [3, 2, None]
        assert first.feed_seq == 5


async def test_the_kitchen_cooks_what_it_is_sent_and_stations_keep_their_version() -> None:
    async with client_of(shop_of_lan()) as sale:
        none = await sale.stations()
        bar = Station(id="bar", name="Bar", item_ids=["variant-tra-da"])
        kept = await sale.replace_stations([*none.stations, bar], if_match=none.version)
        assert (kept.stations, kept.version) == ((bar,), 1)
        order = await sale.create_order(
            sale_channel_id="channel-vnd",
            items=[Product(item_id="variant-pho", quantity=2), Product(item_id="variant-tra-da")],
        )
        pho = next(line.id for line in order.items if line.item_id == "variant-pho")
        (first,) = await sale.send(order.id, [Portion(sale_order_item_id=pho, quantity=1)])
        (item,) = first.items
        await sale.rush_ticket(first.id)
        for act in (sale.cook_item, sale.finish_item, sale.recall_item, sale.finish_item, sale.serve_item):
            first = await act(item.id)
        assert (first.status, first.rush) == ("COMPLETED", True)
        rest = await sale.send(order.id)
        assert {ticket.station_id for ticket in rest} == {None, "bar"}
        tea = next(ticket for ticket in rest if ticket.station_id == "bar")
        assert [ticket.id async for ticket in sale.tickets(station_id="bar")] == [tea.id]
        assert (await sale.void_item(tea.items[0].id, reason="it fell down")).status == "VOIDED"
        (other,) = (ticket for ticket in rest if ticket is not tea)
        assert (await sale.void_ticket(other.id, reason="gone", if_match=other.version)).status == "VOIDED"
        wanted = {KitchenTicketStatus.COMPLETED, KitchenTicketStatus.PENDING}
        assert [ticket.id async for ticket in sale.tickets(statuses=wanted, page_size=1)] == [first.id]
        assert await sale.ticket(first.id) == first


async def test_guests_are_seated_moved_and_leave() -> None:
    async with client_of(shop_of_lan()) as sale:
        order = await sale.create_order(sale_channel_id="channel-vnd")
        four, five = await sale.allocate(order.id, ["table-4", "table-5"], zone_id="garden")
        with pytest.raises(Conflict) as raised:
            await sale.allocate(order.id, ["table-5"])
        assert (raised.value.code, raised.value.members) == ("unit-in-use", {"unitId": "table-5"})
        four = await sale.move_usage(four.id, unit_id="table-6", if_match=four.version)
        assert four.unit_id == "table-6"
        assert (await sale.complete_usage(four.id)).status == "SUCCESS"
        assert (await sale.cancel_usage(five.id, reason="rain")).status == "CANCELLED"
        assert [usage.id async for usage in sale.usages(zone_id="garden", status=UsageStatus.SUCCESS)] == [four.id]
        assert [usage async for usage in sale.usages()] == []
