"""An answer of pricing is used as a whole or not at all (C7)."""

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from sale_domain.ids import LineId
from sale_domain.lines import LinePrice
from sale_domain.money import Currency, Money
from sale_domain.order_errors import AmountTooLarge
from sale_domain.port_errors import SisterUnavailable
from sale_domain.quotes import Quote
from shop import MORNING, VND, check_out, combo, draft, pho, product, quote, snapshot, vnd

ORDER = draft(pho(2), combo(1))
PHO, COMBO, BANH_MI = (line.id for line in ORDER.basket.lines[:3])


def with_price(given: Quote, line_id: LineId, **figures: Money) -> Quote:
    line = given.lines[line_id]
    return attrs.evolve(
        given, lines={**given.lines, line_id: attrs.evolve(line, price=attrs.evolve(line.price, **figures))}
    )


def without(given: Quote, line_id: LineId) -> Quote:
    return attrs.evolve(given, lines={known: line for known, line in given.lines.items() if known != line_id})


def with_totals(given: Quote, **figures: Money) -> Quote:
    return attrs.evolve(given, totals=attrs.evolve(given.totals, **figures))


def test_a_quote_that_adds_up_is_used_as_it_is() -> None:
    for discount, tax in ((0, 0), (10_000, 0), (0, 13_000), (10_000, 12_000)):
        told = quote(ORDER, discount=discount, tax=tax)
        assert told.checked(ORDER.basket, VND) is told
        assert told.totals.total == vnd(165_000 - discount + tax)


def test_a_part_of_a_quantity_is_rounded_as_pricing_rounds_it() -> None:
    order = draft(product("tra-da", "0.3333"))
    told = quote(order, prices={"variant-tra-da": Decimal("0.0005")})
    assert told.checked(order.basket, VND).totals.total == vnd("0.0002")


def test_a_discount_larger_than_the_price_makes_the_line_free() -> None:
    order = draft(pho())
    line_id = order.basket.lines[0].id
    told = with_price(quote(order), line_id, discount=vnd(70_000), unit_price=vnd(0), total=vnd(0))
    told = with_totals(told, discount=vnd(70_000), total=vnd(0))
    assert told.checked(order.basket, VND) is told


UNUSABLE: dict[str, Callable[[Quote], Quote]] = {
    "a line is missing": lambda told: without(told, PHO),
    "a combo's part is missing": lambda told: without(told, BANH_MI),
    "a line is there that nobody asked for": lambda told: attrs.evolve(
        told, lines={**told.lines, LineId("line-of-another-order"): told.lines[BANH_MI]}
    ),
    "a base price is negative": lambda told: with_price(told, PHO, base_price=vnd(-1)),
    "a unit price is negative": lambda told: with_price(told, PHO, unit_price=vnd(-1)),
    "a discount is negative": lambda told: with_price(told, PHO, discount=vnd(-1), total=vnd(130_001)),
    "a tax is negative": lambda told: with_price(told, PHO, tax=vnd(-1), total=vnd(129_999)),
    "a line's total is negative": lambda told: with_price(told, PHO, total=vnd(-130_000)),
    "a line does not add up": lambda told: with_price(told, PHO, total=vnd(129_999)),
    "a combo's part has a price": lambda told: with_price(
        told, BANH_MI, base_price=vnd(30_000), unit_price=vnd(30_000), total=vnd(30_000)
    ),
    "a combo's part has a tax alone": lambda told: with_price(told, BANH_MI, tax=vnd(1), total=vnd(1)),
    "a combo's part has a price and the totals agree": lambda told: with_totals(
        with_price(told, BANH_MI, base_price=vnd(30_000), unit_price=vnd(30_000), total=vnd(30_000)),
        subtotal=vnd(195_000),
        total=vnd(195_000),
    ),
    "two lines do not add up and the totals agree": lambda told: with_price(
        with_price(told, PHO, total=vnd(129_999)), COMBO, total=vnd(35_001)
    ),
    "the subtotal is not the lines'": lambda told: with_totals(told, subtotal=vnd(1)),
    "the discount is not the lines'": lambda told: with_totals(told, discount=vnd(1)),
    "the tax is not the lines'": lambda told: with_totals(told, tax=vnd(1)),
    "the total is not the lines'": lambda told: with_totals(told, total=vnd(164_999)),
}


@pytest.mark.parametrize("wrong", UNUSABLE.values(), ids=UNUSABLE)
def test_an_answer_that_contradicts_itself_is_unusable_and_freezes_nothing(wrong: Callable[[Quote], Quote]) -> None:
    told = wrong(quote(ORDER))
    with pytest.raises(SisterUnavailable) as refusal:
        told.checked(ORDER.basket, VND)
    assert refusal.value.sister == "pricing"
    with pytest.raises(SisterUnavailable):
        ORDER.check_out(told, snapshot(ORDER), at=MORNING, by="lan")


def test_totals_whose_floor_differs_from_the_sum_of_the_lines_are_unusable() -> None:
    order = draft(pho(), product("tra-da"))
    pho_id = order.basket.lines[0].id
    told = with_price(quote(order), pho_id, discount=vnd(70_000), unit_price=vnd(0), total=vnd(0))
    for total in (0, 5_000):
        with pytest.raises(SisterUnavailable):
            with_totals(told, discount=vnd(70_000), total=vnd(total)).checked(order.basket, VND)


def test_an_answer_in_another_currency_is_unusable() -> None:
    dollars = {"currency": Currency("USD")}

    def in_dollars(price: LinePrice) -> LinePrice:
        return LinePrice(
            **{name: attrs.evolve(figure, **dollars) for name, figure in attrs.asdict(price, recurse=False).items()}
        )

    told = quote(ORDER)
    lines = {line_id: attrs.evolve(line, price=in_dollars(line.price)) for line_id, line in told.lines.items()}
    totals = attrs.evolve(
        told.totals,
        **{name: attrs.evolve(figure, **dollars) for name, figure in attrs.asdict(told.totals, recurse=False).items()},
    )
    with pytest.raises(SisterUnavailable):
        attrs.evolve(told, lines=lines, totals=totals).checked(ORDER.basket, VND)


def test_checkout_freezes_prices_stock_and_recipe_on_every_line() -> None:
    order = check_out(ORDER).order
    assert [(line.name, line.unit_price, line.stock_id, line.recipe_id) for line in order.basket.lines] == [
        ("pho", vnd(65_000), "stock-pho", "recipe-pho"),
        ("combo-sang", vnd(35_000), "stock-combo-sang", "recipe-combo-sang"),
        ("banh_mi", vnd(0), "stock-banh-mi", "recipe-banh-mi"),
        ("tra_da", vnd(0), "stock-tra-da", None),
    ]


def test_an_order_that_costs_more_than_can_be_written_down_is_the_callers_to_change() -> None:
    order = draft(pho("99999999999"))
    told = quote(order)

    with pytest.raises(AmountTooLarge):
        told.checked(order.basket, VND)
