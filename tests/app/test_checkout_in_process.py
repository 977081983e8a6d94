"""What a checkout freezes and what a payment hands on, word for word, in process (C8, C25)."""

from decimal import Decimal

import attrs
import pytest

from counter import LAN, STRANGER, item, opened, pay
from sale_app.composition import InMemorySale, compose_in_memory
from sale_domain.errors import NotFound
from sale_domain.ids import RecipeId, StockId, UnitId
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.ports.answers import AnswerKey, Once, StoredAnswer
from sale_domain.seating import Units
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import CustomRequest
from sale_domain.use_cases.settlement import Delivery


@pytest.fixture
def shop() -> InMemorySale:
    return compose_in_memory()


async def test_what_was_known_of_an_item_is_frozen_with_its_fare(shop: InMemorySale) -> None:
    shop.catalog.offer(
        "variant-pho", "Phở bò", category_id="category-noodles", stock_id="stock-pho", recipe_id="recipe-pho"
    )
    shop.catalog.categories["category-noodles"] = {"id": "category-noodles", "name": "Noodles"}
    order = (await opened(shop, item("pho"))).order
    (line,) = order.basket.lines
    await shop.sale.allocate(LAN, order.id, Units(unit_ids=(UnitId("table-4"),)))

    view = await shop.sale.check_out(LAN, order.id, CheckoutRequest())

    assert view.snapshot is not None
    frozen = view.snapshot.items[line.id]
    assert line.item_id is not None
    known = await shop.catalog.item(line.item_id)
    assert (frozen.product_variant, frozen.product_info) == (known.product_variant, known.product_info)
    assert known.product_info is not None
    assert frozen.category == {"id": "category-noodles", "name": "Noodles"}
    assert (frozen.stock_id, frozen.recipe_id) == (StockId("stock-pho"), RecipeId("recipe-pho"))
    assert (frozen.fare_id, frozen.fare_provider) == ("fare-variant-pho", "memory")
    assert [usage["unitId"] for usage in view.snapshot.allocations] == ["table-4"]


async def test_an_item_without_a_category_is_frozen_without_one(shop: InMemorySale) -> None:
    shop.catalog.offer("variant-soup", "Soup")
    shop.pricing.charge("variant-soup", Decimal(40_000), "VND")
    order = (await opened(shop, item("soup"))).order
    view = await shop.sale.check_out(LAN, order.id, CheckoutRequest())
    assert view.snapshot is not None
    assert [frozen.category for frozen in view.snapshot.items.values()] == [None]


async def test_a_checkout_keeps_its_answer_for_the_same_request_again(shop: InMemorySale) -> None:
    order = (await opened(shop, item("pho"))).order
    key = AnswerKey(merchant_id=LAN.merchant_id, user_id=LAN.user_id, method="POST", path="/checkout", key="key-1")
    answer = StoredAnswer(status=200, headers=(), body=b"{}")
    once = Once(key=key, fingerprint=b"{}", answer=lambda _: answer)
    await shop.sale.check_out(attrs.evolve(LAN, once=once), order.id, CheckoutRequest())
    assert await shop.sale.kept_answer(key, fingerprint=b"{}") == answer
    with pytest.raises(NotFound):
        await shop.sale.check_out(STRANGER, order.id, CheckoutRequest())


async def test_a_custom_item_may_be_added_to_an_order_that_is_open(shop: InMemorySale) -> None:
    order = (await opened(shop, item("pho"))).order
    corkage = CustomRequest(name="Corkage", unit_price=Decimal(20_000), quantity=Decimal("1.5"), note="two bottles")
    view = await shop.sale.add_item(LAN, order.id, corkage)
    added = view.order.basket.lines[-1]
    assert (added.name, added.quantity, added.note, added.item_id) == ("Corkage", Decimal("1.5"), "two bottles", None)
    assert added.own_price is not None
    assert added.own_price.amount == 20_000


async def test_a_payment_hands_on_its_trace_and_its_delivery_is_logged_as_it_came(shop: InMemorySale) -> None:
    order = (await opened(shop, item("pho"))).order
    await shop.sale.check_out(LAN, order.id, CheckoutRequest())
    told = PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=Source(type=SourceType.SALE_ORDER, id=order.id),
        amount=Decimal(65_000),
        attempt_uid="a1",
        at=shop.clock.now(),
    )
    delivery = Delivery(body=b"{}", event_type="mq-pay:attempt.success", traceparent="00-trace-of-mq-pay")

    await shop.sale.receive_payment(delivery, told)

    assert [message.traceparent for message in shop.store.messages] == ["00-trace-of-mq-pay"]
    (logged,) = shop.inbox.webhooks
    assert (logged.event_type, logged.body, logged.outcome) == ("mq-pay:attempt.success", b"{}", "applied")


async def test_full_payment_ends_the_usages_of_the_order(shop: InMemorySale) -> None:
    order = (await opened(shop, item("pho"))).order
    await shop.sale.allocate(LAN, order.id, Units(unit_ids=(UnitId("table-4"),)))
    await shop.sale.check_out(LAN, order.id, CheckoutRequest())
    await pay(shop, order.id, "a1", 65_000)
    assert [usage.is_active for usage in shop.store.orders[order.id].seating.usages] == [False]
