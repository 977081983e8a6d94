"""What happens at the same time, or twice, ends as if it had happened in turn, and once."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import attrs
import pytest

from counter import AT_THE_SHOP, LAN, everything, item, opened
from sale_adapters.memory import MemoryPricing, demo_pricing
from sale_app.composition import InMemorySale, compose_in_memory
from sale_domain.context import Context
from sale_domain.cooking import Portion
from sale_domain.errors import IllegalTransition, NotFound, StaleVersion
from sale_domain.ids import LineId, OrderId, UnitId
from sale_domain.order_errors import OrderChanged
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.port_errors import KeyReused
from sale_domain.ports.answers import AlreadyAnswered, AnswerKey, Once, StoredAnswer
from sale_domain.ports.sisters import PricingRequest
from sale_domain.quotes import Quote
from sale_domain.seating import Units
from sale_domain.use_cases.checkout import RESTARTS, CheckoutRequest
from sale_domain.use_cases.concurrently import concurrently
from sale_domain.use_cases.ordering import NewOrder
from sale_domain.views import OrderView


@pytest.fixture
def shop() -> InMemorySale:
    return compose_in_memory()


class RestlessPricing(MemoryPricing):
    """Pricing that a waiter is faster than: while it reckons, something is ordered."""

    shop: InMemorySale
    order_id: OrderId
    interruptions: int

    async def calculate(self, request: PricingRequest) -> Quote:
        if self.interruptions:
            self.interruptions -= 1
            await self.shop.sale.add_item(LAN, self.order_id, item("tra-da"))
        return await super().calculate(request)


async def restless(*, interruptions: int) -> tuple[InMemorySale, OrderId]:
    pricing = RestlessPricing()
    pricing.prices = demo_pricing().prices
    pricing.shop = compose_in_memory(pricing=pricing)
    pricing.interruptions = interruptions
    pricing.order_id = (await opened(pricing.shop, item("pho"))).order.id
    return pricing.shop, pricing.order_id


async def test_a_checkout_starts_over_until_the_order_stands_still() -> None:
    shop, order_id = await restless(interruptions=RESTARTS - 1)
    view = await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    assert view.order.status is OrderStatus.PROCESSING
    assert view.order.totals is not None
    assert view.order.totals.total.amount == 65_000 + 5_000 * (RESTARTS - 1)
    assert len(shop.pricing.requests) == RESTARTS


async def test_a_checkout_gives_up_on_an_order_that_never_stands_still() -> None:
    shop, order_id = await restless(interruptions=1_000)
    with pytest.raises(OrderChanged):
        await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    view = await shop.sale.order(LAN, order_id)
    assert (view.order.status, view.order.totals, view.order.checkouts) == (OrderStatus.DRAFT, None, 0)
    assert len(shop.pricing.requests) == RESTARTS


async def test_a_checkout_for_a_version_that_has_passed_is_stale_and_not_started_over() -> None:
    shop, order_id = await restless(interruptions=1)
    with pytest.raises(StaleVersion):
        await shop.sale.check_out(attrs.evolve(LAN, if_match=1), order_id, CheckoutRequest())
    assert len(shop.pricing.requests) == 1


async def test_no_item_slips_into_an_order_that_is_being_checked_out(shop: InMemorySale) -> None:
    outcomes = set[bool]()
    for turns in range(30):
        order_id = (await opened(shop, item("pho"))).order.id
        in_time, _ = await concurrently([added_after(turns, shop, order_id), checked_out(shop, order_id)])
        order = (await shop.sale.order(LAN, order_id)).order
        assert order.totals is not None
        assert order.totals.total.amount == (70_000 if in_time else 65_000)
        assert len(order.basket.lines) == 1 + in_time
        outcomes.add(in_time)
    assert outcomes == {True, False}, "the tea came sometimes before and sometimes after"


async def added_after(turns: int, shop: InMemorySale, order_id: OrderId) -> bool:
    for _ in range(turns):
        await asyncio.sleep(0)
    try:
        await shop.sale.add_item(LAN, order_id, item("tra-da"))
    except IllegalTransition:
        return False
    return True


async def checked_out(shop: InMemorySale, order_id: OrderId) -> bool:
    return (await shop.sale.check_out(LAN, order_id, CheckoutRequest())).order.status is OrderStatus.PROCESSING


# --- the same request again ------------------------------------------------------------------------------------------


def once(body: bytes = b"{}", *, path: str = "/sale-orders") -> Once:
    """Return the condition of a request with an Idempotency-Key; its answer is the order's version."""
    key = AnswerKey(merchant_id=LAN.merchant_id, user_id=LAN.user_id, method="POST", path=path, key="key-1")
    return Once(
        key=key,
        fingerprint=body,
        answer=lambda view: StoredAnswer(status=201, headers=(), body=str(view.order.version).encode()),
    )


async def test_a_repeated_request_has_its_effect_once_and_the_first_answer(shop: InMemorySale) -> None:
    new = NewOrder(sale_channel_id=AT_THE_SHOP, items=(item("pho"),))
    asked = attrs.evolve(LAN, once=once())
    await shop.sale.create_order(asked, new)
    before = everything(shop)
    with pytest.raises(AlreadyAnswered) as told:
        await shop.sale.create_order(asked, new)
    assert told.value.answer.body == b"1"
    assert everything(shop) == before
    assert await shop.sale.kept_answer(once().key, fingerprint=b"{}") == told.value.answer


async def test_what_is_sent_seated_and_moved_with_a_key_is_done_once(shop: InMemorySale) -> None:
    order = (await opened(shop, item("pho", 2))).order
    bowl = Portion(line_id=order.basket.lines[0].id, quantity=Decimal(1))

    async def twice(path: str, act: Callable[[Context], Awaitable[OrderView]]) -> None:
        asked = attrs.evolve(LAN, once=once(path=path))
        await act(asked)
        before = everything(shop)
        with pytest.raises(AlreadyAnswered):
            await act(asked)
        assert everything(shop) == before

    await twice("/send", lambda asked: shop.sale.send(asked, order.id, (bowl,)))
    await twice("/seat", lambda asked: shop.sale.allocate(asked, order.id, Units(unit_ids=(UnitId("table-4"),))))
    (usage,) = shop.store.orders[order.id].seating.usages
    await twice("/move", lambda asked: shop.sale.move_usage(asked, usage.id, unit_id=UnitId("table-5")))


async def test_equal_requests_at_the_same_time_wait_for_the_first(shop: InMemorySale) -> None:
    order_id = (await opened(shop, item("pho"))).order.id
    asked = attrs.evolve(LAN, once=once())

    async def add() -> bytes:
        try:
            view = await shop.sale.add_item(asked, order_id, item("pho"))
        except AlreadyAnswered as told:
            return told.answer.body
        return str(view.order.version).encode()

    assert await concurrently(add() for _ in range(10)) == [b"2"] * 10
    assert (await shop.sale.order(LAN, order_id)).order.basket.lines[0].quantity == 2


async def test_a_key_that_comes_with_another_body_is_refused(shop: InMemorySale) -> None:
    new = NewOrder(sale_channel_id=AT_THE_SHOP)
    await shop.sale.create_order(attrs.evolve(LAN, once=once(b"{}")), new)
    with pytest.raises(KeyReused):
        await shop.sale.create_order(attrs.evolve(LAN, once=once(b"[]")), new)
    with pytest.raises(KeyReused):
        await shop.sale.kept_answer(once().key, fingerprint=b"[]")
    assert len(shop.store.orders) == 1


async def test_the_key_is_looked_at_before_the_version(shop: InMemorySale) -> None:
    order_id = (await opened(shop, item("pho"))).order.id
    asked = attrs.evolve(LAN, once=once(), if_match=1)
    await shop.sale.add_item(asked, order_id, item("pho"))
    with pytest.raises(AlreadyAnswered):
        await shop.sale.add_item(asked, order_id, item("pho"))


async def test_a_key_is_forgotten_after_a_day(shop: InMemorySale) -> None:
    new = NewOrder(sale_channel_id=AT_THE_SHOP)
    asked = attrs.evolve(LAN, once=once())
    await shop.sale.create_order(asked, new)
    shop.clock.advance(24 * 3600 - 1)
    with pytest.raises(AlreadyAnswered):
        await shop.sale.create_order(asked, new)
    shop.clock.advance(1)
    await shop.sale.create_order(asked, new)
    assert len(shop.store.orders) == 2


async def test_a_refused_request_leaves_its_key_free_until_the_refusal_is_kept(shop: InMemorySale) -> None:
    order_id = (await opened(shop)).order.id
    with pytest.raises(NotFound):
        await shop.sale.change_item(attrs.evolve(LAN, once=once()), order_id, LineId("no line"), quantity=Decimal(1))
    assert await shop.sale.kept_answer(once().key, fingerprint=b"{}") is None
    refusal = StoredAnswer(status=404, headers=(), body=b"no such line")
    assert await shop.sale.keep_answer(once().key, fingerprint=b"{}", answer=refusal) == refusal
    later = StoredAnswer(status=409, headers=(), body=b"too late")
    assert await shop.sale.keep_answer(once().key, fingerprint=b"{}", answer=later) == refusal


async def test_an_answer_that_cannot_be_rendered_takes_its_effect_with_it(shop: InMemorySale) -> None:
    def broken(_: OrderView) -> StoredAnswer:
        raise ZeroDivisionError

    order_id = (await opened(shop)).order.id
    before = everything(shop)
    with pytest.raises(ZeroDivisionError):
        await shop.sale.add_item(attrs.evolve(LAN, once=attrs.evolve(once(), answer=broken)), order_id, item("pho"))
    assert everything(shop) == before
