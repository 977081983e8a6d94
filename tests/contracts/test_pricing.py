"""What every pricing does, in memory and over HTTP (C7)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal

import attrs
import pytest

import shop
from sale_adapters.memory import demo_pricing
from sale_domain.basket import Basket
from sale_domain.ids import SaleChannelId
from sale_domain.lines import NewItem
from sale_domain.money import Currency, Money
from sale_domain.port_errors import SisterRefused, SisterUnavailable
from sale_domain.ports.sisters import Pricing, PricingRequest
from sisters_world import sisters_world


@attrs.frozen(kw_only=True)
class Subject:
    pricing: Pricing
    take_down: Callable[[], Awaitable[None]]
    tax_and_discount: Callable[[int, int], Awaitable[None]]


@pytest.fixture(params=["memory", "http"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "memory":
        yield _in_memory()
        return
    async with sisters_world() as world:
        yield Subject(
            pricing=world.pricing,
            take_down=lambda: world.control("pricing", down=True),
            tax_and_discount=lambda tax, off: world.control("pricing", taxPercent=tax, discountPercent=off),
        )


def _in_memory() -> Subject:
    memory = demo_pricing()

    async def take_down() -> None:
        memory.fail_with = memory.v2.fail_with = SisterUnavailable(sister="pricing", reason="it is away")

    async def tax_and_discount(tax: int, discount: int) -> None:
        memory.tax_percent, memory.discount_percent = Decimal(tax), Decimal(discount)

    return Subject(pricing=memory, take_down=take_down, tax_and_discount=tax_and_discount)


def basket(items: Sequence[NewItem], currency: str = "VND") -> Basket:
    filled = Basket()
    for item in items:
        filled, _ = filled.add(item, currency=Currency(currency))
    return filled


def asking(lines: Basket, currency: str = "VND") -> PricingRequest:
    return PricingRequest(currency=Currency(currency), sale_channel_id=SaleChannelId("channel-vnd"), lines=lines.lines)


async def test_two_pho_and_a_tea_cost_135_000(subject: Subject) -> None:
    ordered = basket([shop.pho(2), shop.product("tra-da")])
    quote = (await subject.pricing.calculate(asking(ordered))).checked(ordered, Currency("VND"))
    assert quote.totals.total == shop.vnd(135_000)
    assert [quote.lines[line.id].price.total for line in ordered.lines] == [shop.vnd(130_000), shop.vnd(5_000)]
    assert all(quoted.fare_id and quoted.fare_provider for quoted in quote.lines.values())
    assert quote.document.keys() >= {"items", "totals"}


async def test_a_combo_is_charged_on_its_lead(subject: Subject) -> None:
    ordered = basket([shop.combo(2)])
    quote = (await subject.pricing.calculate(asking(ordered))).checked(ordered, Currency("VND"))
    lead, *children = (quote.lines[line.id].price.total for line in ordered.lines)
    assert lead == quote.totals.total
    assert children == [shop.vnd(0), shop.vnd(0)]


async def test_a_custom_line_costs_what_it_says(subject: Subject) -> None:
    ordered = basket([shop.custom("0.3333", "1.5")])
    quote = await subject.pricing.calculate(asking(ordered))
    [line] = quote.lines.values()
    assert (line.price.base_price, line.price.total, line.fare_id) == (shop.vnd("0.3333"), shop.vnd("0.5"), None)


async def test_dollars_have_cents(subject: Subject) -> None:
    ordered = basket([shop.product("espresso", 3)], "USD")
    quote = (await subject.pricing.calculate(asking(ordered, "USD"))).checked(ordered, Currency("USD"))
    assert quote.totals.total == Money(Decimal("10.5"), Currency("USD"))


async def test_discount_and_tax_add_up_to_the_last_place(subject: Subject) -> None:
    await subject.tax_and_discount(8, 3)
    ordered = basket([shop.pho("0.3333"), shop.product("tra-da", 7), shop.custom("0.1", 3)])
    quote = (await subject.pricing.calculate(asking(ordered))).checked(ordered, Currency("VND"))
    assert quote.totals.discount > shop.vnd(0)
    assert quote.totals.tax > shop.vnd(0)


async def test_what_has_no_price_is_refused_by_name(subject: Subject) -> None:
    with pytest.raises(SisterRefused) as refused:
        await subject.pricing.calculate(asking(basket([shop.product("bun-cha")])))
    assert (refused.value.sister, refused.value.status) == ("pricing", 422)
    assert "variant-bun-cha" in refused.value.reason


async def test_the_second_version_tells_of_the_order_and_of_every_line(subject: Subject) -> None:
    ordered = basket([shop.pho(2), shop.combo()])
    document = await subject.pricing.calculate_v2(asking(ordered))
    items = document["items"]
    assert isinstance(document["order"], dict)
    assert isinstance(items, list)
    assert [item["lineId"] for item in items] == [line.id for line in ordered.lines]
    assert all(isinstance(item["snapshot"], dict) for item in items)


async def test_a_pricing_that_is_away_is_said_to_be(subject: Subject) -> None:
    await subject.take_down()
    request = asking(basket([shop.pho()]))
    for asked in (subject.pricing.calculate(request), subject.pricing.calculate_v2(request)):
        with pytest.raises(SisterUnavailable) as gone:
            await asked
        assert gone.value.sister == "pricing"
