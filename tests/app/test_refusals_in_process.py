"""Whatever is refused, and whoever lets Sale down: nothing has changed."""

from decimal import Decimal
from operator import attrgetter
from typing import Any

import attrs
import pytest

from counter import LAN, STRANGER, everything, item, opened
from sale_app.composition import InMemorySale, compose_in_memory
from sale_domain.errors import NotFound, SaleError, StaleVersion
from sale_domain.ids import OrderId, SaleChannelId
from sale_domain.order_errors import EmptyOrder, PriceChanged, UnknownItem, UnknownSaleChannel
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.port_errors import SisterRefused, SisterUnavailable, StoreUnavailable
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import NewOrder


@pytest.fixture
def shop() -> InMemorySale:
    return compose_in_memory()


async def test_a_version_that_is_no_longer_true_changes_nothing(shop: InMemorySale) -> None:
    view = await opened(shop, item("pho"))
    order_id, line_id = view.order.id, view.order.basket.lines[0].id
    await shop.sale.add_item(LAN, order_id, item("tra-da"))
    stale = attrs.evolve(LAN, if_match=1)
    before = everything(shop)
    for command in (
        shop.sale.add_item(stale, order_id, item("pho")),
        shop.sale.change_item(stale, order_id, line_id, quantity=Decimal(3)),
        shop.sale.remove_item(stale, order_id, line_id),
        shop.sale.remove_all_items(stale, order_id),
        shop.sale.check_out(stale, order_id, CheckoutRequest()),
        shop.sale.revert(stale, order_id, reason=None),
        shop.sale.cancel(stale, order_id, reason="the guest has left"),
    ):
        with pytest.raises(StaleVersion) as refusal:
            await command
        assert (refusal.value.expected, refusal.value.actual) == (1, 2)
    assert everything(shop) == before
    assert shop.pricing.requests == [], "nobody is asked for prices in vain"
    changed = await shop.sale.add_item(attrs.evolve(LAN, if_match=2), order_id, item("pho"))
    assert changed.order.version == 3


async def test_nobody_pays_a_total_that_he_has_not_seen(shop: InMemorySale) -> None:
    order_id = (await opened(shop, item("pho", 2))).order.id
    shop.pricing.charge("variant-pho", 70_000, "VND")
    before = everything(shop)
    with pytest.raises(PriceChanged) as refusal:
        await shop.sale.check_out(LAN, order_id, CheckoutRequest(expected_total=Decimal(130_000)))
    assert (refusal.value.expected.amount, refusal.value.actual.amount) == (Decimal(130_000), Decimal(140_000))
    assert everything(shop) == before


async def test_an_empty_order_is_neither_priced_nor_checked_out(shop: InMemorySale) -> None:
    order_id = (await opened(shop)).order.id
    for command in (
        shop.sale.check_out(LAN, order_id, CheckoutRequest()),
        shop.sale.preview_prices(LAN, order_id),
    ):
        with pytest.raises(EmptyOrder):
            await command
    assert shop.pricing.requests == []


async def test_another_merchants_order_does_not_exist(shop: InMemorySale) -> None:
    view = await opened(shop, item("pho"))
    order_id, line_id = view.order.id, view.order.basket.lines[0].id
    before = everything(shop)
    for wanted in (order_id, OrderId("0000000000000000000000000000"), OrderId("not an id")):
        for command in (
            shop.sale.order(STRANGER, wanted),
            shop.sale.order_history(STRANGER, wanted),
            shop.sale.add_item(STRANGER, wanted, item("pho")),
            shop.sale.change_item(STRANGER, wanted, line_id, quantity=Decimal(3)),
            shop.sale.remove_item(STRANGER, wanted, line_id),
            shop.sale.remove_all_items(STRANGER, wanted),
            shop.sale.preview_prices(STRANGER, wanted),
            shop.sale.check_out(STRANGER, wanted, CheckoutRequest()),
            shop.sale.revert(STRANGER, wanted, reason=None),
            shop.sale.cancel(STRANGER, wanted, reason="mischief"),
        ):
            with pytest.raises(NotFound):
                await command
    assert everything(shop) == before


async def test_an_order_is_opened_at_the_merchants_own_channel_only(shop: InMemorySale) -> None:
    for channel in ("channel-2", "channel-nowhere"):
        with pytest.raises(UnknownSaleChannel):
            await shop.sale.create_order(LAN, NewOrder(sale_channel_id=SaleChannelId(channel)))
    with pytest.raises(UnknownItem):
        await opened(shop, item("pho"), item("dragon"))
    assert shop.store.orders == {}


DOWN = SisterUnavailable(sister="commerce", reason="connection refused")


@attrs.frozen
class Failure:
    """A way in which a sister lets a checkout down."""

    part: str
    attribute: str
    value: Any
    raises: type[SaleError]

    def happen(self, shop: InMemorySale) -> None:
        setattr(attrgetter(self.part)(shop), self.attribute, self.value)

    def pass_by(self, shop: InMemorySale) -> None:
        well = attrgetter(self.part)(compose_in_memory())
        setattr(attrgetter(self.part)(shop), self.attribute, getattr(well, self.attribute))


FAILURES = {
    "commerce is away": Failure("catalog", "fail_with", DOWN, SisterUnavailable),
    "the item is gone": Failure("catalog", "items", {}, UnknownItem),
    "the channel is gone": Failure("catalog", "sale_channels", {}, UnknownSaleChannel),
    "pricing v1 is away": Failure("pricing", "fail_with", DOWN, SisterUnavailable),
    "pricing v2 is away": Failure("pricing.v2", "fail_with", DOWN, SisterUnavailable),
    "pricing refuses": Failure(
        "pricing", "fail_with", SisterRefused(sister="pricing", status=422, reason="no fare"), SisterRefused
    ),
    "pricing knows no price": Failure("pricing", "prices", {}, SisterRefused),
    "pricing answers nonsense": Failure("pricing", "tax_percent", Decimal(-10), SisterUnavailable),
    "the database is away": Failure("store", "fail_with", StoreUnavailable(reason="gone"), StoreUnavailable),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
async def test_a_checkout_that_a_sister_fails_leaves_the_order_as_it_was(shop: InMemorySale, failure: Failure) -> None:
    order_id = (await opened(shop, item("pho", 2))).order.id
    before = everything(shop)
    failure.happen(shop)
    with pytest.raises(failure.raises):
        await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    failure.pass_by(shop)
    assert everything(shop) == before
    view = await shop.sale.check_out(LAN, order_id, CheckoutRequest(expected_total=Decimal(130_000)))
    assert view.order.status is OrderStatus.PROCESSING
