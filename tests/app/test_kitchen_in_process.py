"""A sending that an order does not stand still for: it starts over, and gives up at last."""

from decimal import Decimal

import attrs
import pytest

from counter import LAN, item, opened
from sale_adapters.memory import MemoryCatalog, demo_catalog
from sale_app.composition import InMemorySale, compose_in_memory
from sale_domain.cooking import Portion
from sale_domain.errors import IllegalTransition, StaleVersion
from sale_domain.ids import ItemId, OrderId, RecipeId, StationId
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.order_errors import OrderChanged
from sale_domain.port_errors import SisterUnavailable
from sale_domain.snapshots import CatalogItem
from sale_domain.stations import Station
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.cooking import RESTARTS
from sale_domain.views import OrderView


class RestlessCatalog(MemoryCatalog):
    """A catalogue that a waiter is faster than: while it is asked for phở, bánh mì is ordered."""

    shop: InMemorySale
    order_id: OrderId
    interruptions = 0

    async def item(self, item_id: ItemId) -> CatalogItem:
        if self.interruptions and item_id == "variant-pho":
            self.interruptions -= 1
            await self.shop.sale.add_item(LAN, self.order_id, item("banh-mi"))
        return await super().item(item_id)


async def restless(*, interruptions: int) -> tuple[InMemorySale, OrderId]:
    catalog, demo = RestlessCatalog(), demo_catalog()
    catalog.items, catalog.categories, catalog.sale_channels = demo.items, demo.categories, demo.sale_channels
    catalog.shop = compose_in_memory(catalog=catalog)
    catalog.order_id = (await opened(catalog.shop, item("pho"))).order.id
    catalog.interruptions = interruptions
    return catalog.shop, catalog.order_id


async def test_a_sending_starts_over_until_the_order_stands_still() -> None:
    shop, order_id = await restless(interruptions=RESTARTS - 1)
    view = await shop.sale.send(LAN, order_id, ())
    (ticket,) = view.order.kitchen.tickets
    assert [(each.name, int(each.quantity), each.recipe_id) for each in ticket.items] == [
        ("Phở bò tái", 1, "recipe-pho"),
        ("Bánh mì thịt", RESTARTS - 1, "recipe-banh-mi"),
    ]


async def test_a_sending_gives_up_on_an_order_that_never_stands_still() -> None:
    shop, order_id = await restless(interruptions=1_000)
    with pytest.raises(OrderChanged):
        await shop.sale.send(LAN, order_id, ())
    assert shop.store.orders[order_id].kitchen.tickets == ()


async def test_a_sending_for_a_version_that_has_passed_is_stale() -> None:
    shop, order_id = await restless(interruptions=1)
    with pytest.raises(StaleVersion):
        await shop.sale.send(attrs.evolve(LAN, if_match=1), order_id, ())
    assert shop.store.orders[order_id].kitchen.tickets == ()


async def test_a_cook_names_the_tickets_version_and_says_why_a_dish_is_voided() -> None:
    shop = compose_in_memory()
    sent = (await shop.sale.send(LAN, (await opened(shop, item("pho"))).order.id, ())).order
    (ticket,) = sent.kitchen.tickets
    assert (ticket.version, sent.version) == (1, 2)

    async def void(version: int) -> OrderView:
        seen = attrs.evolve(LAN, if_match=version)
        return await shop.sale.act_on_kitchen_item(seen, ticket.items[0].id, KitchenItemAction.VOID, reason="dropped")

    with pytest.raises(StaleVersion):
        await void(sent.version)
    assert [dish.void_reason for dish in (await void(ticket.version)).order.kitchen.items] == ["dropped"]


async def test_what_was_given_up_is_not_sent_and_commerce_is_not_asked_about_it() -> None:
    shop = compose_in_memory()
    order_id = (await opened(shop, item("pho", 2))).order.id
    await shop.sale.cancel(LAN, order_id, reason="the guests have left")
    shop.catalog.fail_with = SisterUnavailable(sister="commerce", reason="connection refused")
    with pytest.raises(IllegalTransition) as refusal:
        await shop.sale.send(LAN, order_id, ())
    assert (refusal.value.status, refusal.value.action) == ("CANCELLED", "send")


async def test_kafka_is_told_of_a_cancelled_orders_dishes_in_the_trace_of_its_cancelling() -> None:
    shop = compose_in_memory()
    order_id = (await opened(shop, item("pho"))).order.id
    await shop.sale.send(LAN, order_id, ())
    told = len(shop.store.messages)
    await shop.sale.cancel(attrs.evolve(LAN, traceparent="00-trace-2"), order_id, reason="the guests have left")
    assert [message.traceparent for message in shop.store.messages[told:]] == ["00-trace-2"]


async def test_a_dish_goes_where_its_category_is_cooked() -> None:
    shop = compose_in_memory()
    await shop.sale.replace_stations(LAN, (Station(id=StationId("stove"), name="Bếp", category_ids=("noodles",)),))
    pho = ItemId("variant-pho")
    shop.catalog.items[pho] = attrs.evolve(
        shop.catalog.items[pho], product_variant={"id": pho, "categoryIds": ["soups", "noodles"]}
    )

    sent = await shop.sale.send(LAN, (await opened(shop, item("pho"), item("tra-da"))).order.id, ())

    assert [(ticket.station_id, [dish.item_id for dish in ticket.items]) for ticket in sent.order.kitchen.tickets] == [
        ("stove", ["variant-pho"]),
        (None, ["variant-tra-da"]),
    ]


async def test_a_dish_is_sent_although_commerce_has_dropped_another_of_the_order() -> None:
    shop = compose_in_memory()
    order = (await opened(shop, item("pho"), item("tra-da"))).order
    del shop.catalog.items[ItemId("variant-tra-da")]
    bowl = Portion(line_id=order.basket.lines[0].id, quantity=Decimal(1))

    sent = await shop.sale.send(LAN, order.id, (bowl,))

    assert [dish.item_id for dish in sent.order.kitchen.items] == ["variant-pho"]


async def test_a_recipe_is_the_checkouts_and_not_todays() -> None:
    shop = compose_in_memory()
    order_id = (await opened(shop, item("pho", 2))).order.id
    await shop.sale.check_out(LAN, order_id, CheckoutRequest(expected_total=Decimal(130_000)))
    today = shop.catalog.items[ItemId("variant-pho")]
    shop.catalog.items[ItemId("variant-pho")] = attrs.evolve(today, recipe_id=RecipeId("recipe-new"))

    paid_for = await shop.sale.send(LAN, order_id, ())
    draft = await shop.sale.send(LAN, (await opened(shop, item("pho"))).order.id, ())

    assert paid_for.order.kitchen.items[0].recipe_id == "recipe-pho"
    assert draft.order.kitchen.items[0].recipe_id == "recipe-new"
