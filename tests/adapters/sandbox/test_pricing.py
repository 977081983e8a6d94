"""What baskets cost, to the last decimal."""

from decimal import Decimal
from typing import Any, cast

import pytest

from sale_adapters.sandbox.answers import from_json
from sandbox_world import SandboxWorld

PHO = {"lineId": "l1", "itemType": "PRODUCT_VARIANT", "itemId": "variant-pho", "mode": "PRODUCT", "quantity": 2}


async def priced(
    world: SandboxWorld, *items: object, currency: str = "VND", version: str = "simulation"
) -> dict[str, Any]:
    await world.log_in()
    basket = {"currency": currency, "saleChannelId": "channel-vnd", "items": items}
    answer = await world.http.post(f"/pricing/{version}/calculate", json=basket)
    assert answer.status_code == 200, answer.text
    return cast("dict[str, Any]", from_json(answer.content))


async def refused(world: SandboxWorld, *items: object, currency: str = "VND") -> str:
    await world.log_in()
    basket = {"currency": currency, "saleChannelId": "channel-vnd", "items": items}
    answers = [await world.http.post(f"/pricing/{v}/calculate", json=basket) for v in ("simulation", "simulation-v2")]
    assert [answer.status_code for answer in answers] == [422, 422]
    return str(answers[0].json()["detail"])


async def told(world: SandboxWorld, **faults: object) -> None:
    assert (await world.http.put("/control/pricing", json=faults)).status_code == 200


async def test_two_pho_cost_130_000(world: SandboxWorld) -> None:
    assert await priced(world, PHO) == {
        "items": [
            {
                "lineId": "l1",
                "basePrice": 65_000,
                "unitPrice": 65_000,
                "discount": 0,
                "tax": 0,
                "total": 130_000,
                "fareId": "fare-variant-pho-VND",
                "fareProvider": "sandbox",
            }
        ],
        "totals": {"subtotal": 130_000, "discount": 0, "tax": 0, "total": 130_000},
    }


async def test_a_combo_is_charged_on_its_lead_and_its_children_are_free(world: SandboxWorld) -> None:
    answer = await priced(
        world,
        {**PHO, "lineId": "lead", "itemId": "variant-combo-sang"},
        {**PHO, "lineId": "bread", "itemId": "variant-banh-mi", "leadItemId": "lead"},
        {**PHO, "lineId": "tea", "itemId": "variant-tra-da", "leadItemId": "lead"},
    )
    assert [line["total"] for line in answer["items"]] == [70_000, 0, 0]
    assert answer["totals"]["total"] == 70_000


async def test_a_custom_line_costs_what_it_says_and_has_no_fare(world: SandboxWorld) -> None:
    custom = {"lineId": "c", "mode": "CUSTOM", "quantity": "1.5", "unitPrice": "0.3333"}
    [line] = (await priced(world, custom))["items"]
    assert (line["basePrice"], line["total"], line["fareId"]) == (Decimal("0.3333"), Decimal("0.5"), None)


async def test_discount_and_tax_are_exact_and_totals_are_the_sums_of_the_lines(world: SandboxWorld) -> None:
    await told(world, discountPercent=3, taxPercent=8)
    items = [{**PHO, "lineId": str(n), "itemId": f"variant-x-{n}.1", "quantity": "0.3333"} for n in range(1, 30)]
    answer = await priced(world, *items)
    assert answer["items"][0] == {
        "lineId": "1",
        "basePrice": Decimal("1.1"),
        "unitPrice": Decimal("1.0669"),
        "discount": Decimal("0.011"),
        "tax": Decimal("0.0284"),
        "total": Decimal("0.384"),
        "fareId": "fare-variant-x-1.1-VND",
        "fareProvider": "sandbox",
    }
    for figure in ("discount", "tax", "total"):
        assert answer["totals"][figure] == sum(line[figure] for line in answer["items"])
    totals = answer["totals"]
    assert totals["total"] == totals["subtotal"] - totals["discount"] + totals["tax"]


async def test_fractions_keep_their_digits_on_the_wire(world: SandboxWorld) -> None:
    await world.log_in()
    basket = {"currency": "USD", "saleChannelId": "channel-usd", "items": [{**PHO, "itemId": "variant-espresso"}]}
    answer = await world.http.post("/pricing/simulation/calculate", json=basket)
    assert b'"basePrice":3.5,' in answer.content
    assert b'"total":7,' in answer.content


async def test_a_price_can_be_told_also_for_a_thing_that_is_not_on_the_menu(world: SandboxWorld) -> None:
    await told(world, prices={"variant-pho": 70_000, "variant-bun-cha": "55000.5"})
    bun_cha = {**PHO, "lineId": "l2", "itemId": "variant-bun-cha"}
    assert (await priced(world, PHO, bun_cha))["totals"]["total"] == 250_001


async def test_the_second_version_gives_a_snapshot_of_the_order_and_of_each_line(world: SandboxWorld) -> None:
    await told(world, taxPercent=10)
    answer = await priced(world, PHO, version="simulation-v2")
    assert (answer["order"]["total"], answer["order"]["currency"]) == (143_000, "VND")
    [line] = answer["items"]
    assert line["lineId"] == "l1"
    assert line["snapshot"]["taxes"] == [{"code": "VAT", "percent": 10, "amount": 13_000}]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({**PHO, "itemId": "variant-bun-cha"}, "pricing knows no item 'variant-bun-cha'"),
        ({**PHO, "itemId": "variant-espresso"}, "variant-espresso has no price in VND"),
        ({**PHO, "itemId": None}, "pricing knows no item None"),
        ({**PHO, "quantity": 0}, "quantity of l1 must be above 0"),
        ({**PHO, "quantity": -1}, "quantity of l1 must be a decimal(15,4) of at least 0, not -1"),
        ({**PHO, "quantity": "1e30"}, "quantity of l1 must be a decimal(15,4) of at least 0, not 1E+30"),
        ({**PHO, "quantity": "NaN"}, "quantity of l1 must be a decimal(15,4) of at least 0, not NaN"),
        ({**PHO, "mode": "CUSTOM"}, "CUSTOM line l1 names no unitPrice"),
        ({**PHO, "mode": "GIFT"}, "Invalid enum value 'GIFT' - at `$.items[0].mode`"),
        ({"lineId": "l1"}, "Object missing required field `quantity` - at `$.items[0]`"),
    ],
)
async def test_what_has_no_price_is_refused_with_the_reason(
    world: SandboxWorld, item: dict[str, object], reason: str
) -> None:
    assert await refused(world, item) == reason
