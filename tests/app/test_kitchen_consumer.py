"""Inventory, which hears everything twice, consumes what a dish is made of once, however often it is recalled (C15)."""

from decimal import Decimal

from consumers import inventory
from counter import LAN, item, opened
from sale_app.composition import InMemorySale, compose_in_memory
from sale_domain.events import KitchenItemStatusChanged
from sale_domain.ids import KitchenItemId, OrderId
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.use_cases.checkout import CheckoutRequest

COOK, FINISH, SERVE, RECALL, VOID = KitchenItemAction


async def sent(shop: InMemorySale, order_id: OrderId) -> list[KitchenItemId]:
    view = await shop.sale.send(LAN, order_id, ())
    return [each.id for ticket in view.order.kitchen.tickets if ticket.id in view.touched for each in ticket.items]


async def tap(shop: InMemorySale, item_id: KitchenItemId, *actions: KitchenItemAction) -> None:
    for action in actions:
        reason = "dropped" if action is VOID else None
        await shop.sale.act_on_kitchen_item(LAN, item_id, action, reason=reason)


def consumed(shop: InMemorySale) -> dict[tuple[str, str, str], Decimal]:
    """Return what an inventory consumes that is told everything twice, as one that commits late."""
    twice = [row for row in shop.store.outbox.rows.values() for _ in range(2)]
    return {key: quantity for key, quantity in inventory(twice).items() if key[1]}


def used(shop: InMemorySale, material: str) -> Decimal:
    """Return how much of a material is gone."""
    return sum((quantity for (_, _, what), quantity in consumed(shop).items() if what == material), start=Decimal(0))


async def test_a_dish_that_is_recalled_and_finished_again_is_consumed_once() -> None:
    shop = compose_in_memory()
    order_id = (await opened(shop, item("pho", 2), item("tra-da"))).order.id
    bowls, tea = await sent(shop, order_id)

    await tap(shop, bowls, COOK, FINISH, RECALL, FINISH, RECALL, FINISH, SERVE)
    await tap(shop, tea, COOK, FINISH)

    told = [message.payload for message in shop.store.messages]
    assert [event.status for event in told if isinstance(event, KitchenItemStatusChanged)].count("READY") == 4
    assert (used(shop, "noodles"), used(shop, "broth")) == (Decimal("0.4"), Decimal(1))
    assert {item for _, item, _ in consumed(shop)} == {bowls}


async def test_what_is_voided_and_sent_again_is_another_dish() -> None:
    shop = compose_in_memory()
    order_id = (await opened(shop, item("pho", 2))).order.id
    (dropped,) = await sent(shop, order_id)
    await tap(shop, dropped, COOK, FINISH, VOID)
    (again,) = await sent(shop, order_id)

    await tap(shop, again, COOK, FINISH, SERVE)

    assert used(shop, "noodles") == Decimal("0.8")


async def test_what_is_voided_before_it_was_ready_costs_nothing() -> None:
    shop = compose_in_memory()
    order_id = (await opened(shop, item("pho", 2))).order.id
    (bowls,) = await sent(shop, order_id)
    await tap(shop, bowls, COOK, VOID)
    assert consumed(shop) == {}


async def test_a_combo_is_consumed_by_its_parts_and_by_what_checkout_froze() -> None:
    shop = compose_in_memory()
    order_id = (await opened(shop, item("combo-sang", 3, banh_mi=1, tra_da=1))).order.id
    await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    for each in await sent(shop, order_id):
        await tap(shop, each, COOK, FINISH)
    assert used(shop, "bread") == 3
