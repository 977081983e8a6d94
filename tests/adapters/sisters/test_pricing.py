"""Pricing over HTTP: the question to the letter, and answers that are believed only when all is there (C7)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import httpx
import pytest

import shop
from sale_adapters.sisters.pricing import HttpPricing
from sale_adapters.wire import json
from sale_domain.basket import Basket
from sale_domain.ids import LineId, SaleChannelId
from sale_domain.port_errors import SisterRefused, SisterUnavailable
from sale_domain.ports.sisters import PricingRequest
from sisters_world import ScriptedSister

PRICED: dict[str, Any] = {
    "lineId": "l1",
    "basePrice": 65_000,
    "unitPrice": Decimal("58500.25"),
    "discount": "13000.0000",
    "tax": 0,
    "total": 117_000,
    "fareId": "fare-1",
    "fareProvider": "menu",
}
TOTALS: dict[str, Any] = {"subtotal": 130_000, "discount": 13_000, "tax": 0, "total": 117_000}
ANSWER: dict[str, Any] = {"items": [PRICED], "totals": TOTALS, "engine": "x"}
V2: dict[str, Any] = {"order": {"total": 117_000}, "items": [{"lineId": "l1", "snapshot": {"vat": 8}}]}


def two_pho() -> PricingRequest:
    basket, _ = Basket().add(attrs.evolve(shop.pho(2), id=LineId("l1")), currency=shop.VND)
    return PricingRequest(currency=shop.VND, sale_channel_id=SaleChannelId("channel-vnd"), lines=basket.lines)


def pricing(answer: object) -> tuple[ScriptedSister, HttpPricing]:
    """Return a pricing that always answers this, a response or JSON."""

    def answered(_: httpx.Request) -> httpx.Response:
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=json.write(answer))  # type: ignore[arg-type]

    sister = ScriptedSister(name="pricing", answer=answered)
    return sister, HttpPricing(transport=sister.transport())


async def test_a_custom_line_that_costs_nothing_is_asked_for_with_its_price_of_nothing() -> None:
    basket, _ = Basket().add(shop.custom(0), currency=shop.VND)
    sister, asked = pricing(httpx.Response(500))
    with pytest.raises(SisterUnavailable):
        await asked.calculate(attrs.evolve(two_pho(), lines=basket.lines))
    assert b'"unitPrice":0' in sister.seen[0].content


async def test_both_versions_are_asked_the_same_with_exact_numbers() -> None:
    basket = Basket()
    for item in (shop.pho("2.5"), shop.combo(2), shop.custom("0.1", 3)):
        basket, _ = basket.add(item, currency=shop.VND)
    request = attrs.evolve(two_pho(), lines=basket.lines)
    sister, asked = pricing(httpx.Response(500))
    for calculate in (asked.calculate, asked.calculate_v2):
        with pytest.raises(SisterUnavailable):
            await calculate(request)
    v1, v2 = sister.seen
    assert (v1.method, v1.url.path, v2.url.path) == ("POST", "/simulation/calculate", "/simulation-v2/calculate")
    assert v1.content == v2.content
    pho, lead, bread, tea, box = (line.id for line in basket.lines)
    variant = {"itemType": "PRODUCT_VARIANT", "mode": "PRODUCT"}
    assert json.read(v1.content) == {
        "currency": "VND",
        "saleChannelId": "channel-vnd",
        "items": [
            {"lineId": pho, **variant, "itemId": "variant-pho", "quantity": Decimal("2.5")},
            {"lineId": lead, **variant, "itemId": "variant-combo-sang", "quantity": 2},
            {"lineId": bread, **variant, "itemId": "variant-banh-mi", "leadItemId": lead, "quantity": 2},
            {"lineId": tea, **variant, "itemId": "variant-tra-da", "leadItemId": lead, "quantity": 4},
            {
                "lineId": box,
                "itemType": "PRODUCT_VARIANT",
                "mode": "CUSTOM",
                "quantity": 3,
                "unitPrice": Decimal("0.1"),
            },
        ],
    }
    assert b'"unitPrice":0.1}' in v1.content


async def test_an_answer_becomes_a_quote_to_the_last_digit() -> None:
    _, asked = pricing(ANSWER)
    quote = await asked.calculate(two_pho())
    line = quote.lines[LineId("l1")]
    assert (line.fare_id, line.fare_provider) == ("fare-1", "menu")
    assert (line.price.unit_price, line.price.discount) == (shop.vnd("58500.25"), shop.vnd(13_000))
    assert quote.totals.total == shop.vnd(117_000)
    assert quote.document == ANSWER


def without(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


UNUSABLE = [
    ([], "it is not an object"),
    (without(ANSWER, "items"), "/items must be a list"),
    (without(ANSWER, "totals"), "/totals must be an object"),
    ({**ANSWER, "items": []}, "it does not have the lines that were asked for"),
    ({**ANSWER, "items": [PRICED, {**PRICED, "lineId": "l2"}]}, "it does not have the lines that were asked for"),
    ({**ANSWER, "items": [PRICED, PRICED]}, "it has a line twice"),
    ({**ANSWER, "items": ["l1"]}, "/items/0 must be an object"),
    ({**ANSWER, "items": [without(PRICED, "lineId")]}, "/items/0/lineId must be a text"),
    ({**ANSWER, "items": [{**PRICED, "fareId": 7}]}, "/items/0/fareId must be a text"),
    *(
        ({**ANSWER, "items": [without(PRICED, name)]}, f"/items/0/{name} must be a number")
        for name in ("basePrice", "unitPrice", "discount", "tax", "total")
    ),
    *(
        ({**ANSWER, "totals": without(TOTALS, name)}, f"/totals/{name} must be a number")
        for name in ("subtotal", "discount", "tax", "total")
    ),
    *(
        ({**ANSWER, "totals": {**TOTALS, "tax": value}}, f"/totals/tax {why}")
        for value, why in [
            (None, "must be a number"),
            (True, "must be a number"),
            ("", "must be a number"),
            ("NaN", "must be a number"),
            ("1e3", "must be a number"),
            ("1_000", "must be a number"),
            ("٣", "must be a number"),
            ([0], "must be a number"),
            (Decimal("0.00001"), "must have at most 4 decimals"),
            ("0.00001", "must have at most 4 decimals"),
            (10**25, "must be a number"),
        ]
    ),
    (httpx.Response(200, content=b'{"items":[],"totals":1e999999999999999999999}'), "a number is beyond reason"),
]


@pytest.mark.parametrize(("answer", "why"), UNUSABLE)
async def test_an_answer_that_is_not_as_promised_cannot_be_used(answer: object, why: str) -> None:
    _, asked = pricing(answer)
    with pytest.raises(SisterUnavailable) as unusable:
        await asked.calculate(two_pho())
    assert (unusable.value.reason, unusable.value.words) == ("the answer cannot be used", why)


async def test_the_second_version_is_kept_as_it_came() -> None:
    assert await pricing(V2)[1].calculate_v2(two_pho()) == V2


@pytest.mark.parametrize(
    "answer",
    [
        without(V2, "order"),
        {**V2, "order": []},
        {**V2, "items": []},
        {**V2, "items": [{"lineId": "l1"}]},
        {**V2, "items": [{"lineId": "l1", "snapshot": None}]},
    ],
)
async def test_a_snapshot_with_a_hole_cannot_be_used(answer: object) -> None:
    with pytest.raises(SisterUnavailable, match="cannot be used"):
        await pricing(answer)[1].calculate_v2(two_pho())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"title": "No fare", "detail": "variant-pho has no price"}', "variant-pho has no price"),
        (b'{"title": "No fare"}', "No fare"),
        (b'{"message": ["a is wrong", "b is wrong"]}', "a is wrong, b is wrong"),
        (b'{"statusCode": 422, "message": {"x": 1}, "error": "Unprocessable"}', "Unprocessable"),
        (b'{"detail": "two\\nlines\\u0000 and \\u001b[31m red"}', "two lines and [31m red"),
        (b'{"detail": 7}', "status 422"),
        (b"<html>", "status 422"),
        (b"", "status 422"),
        (b'{"detail": "' + b"x" * 10_000 + b'"}', "x" * 299 + "…"),
    ],
)
async def test_a_refusal_keeps_pricings_reason_in_one_bounded_line(body: bytes, reason: str) -> None:
    _, asked = pricing(httpx.Response(422, content=body))
    for calculate in (asked.calculate, asked.calculate_v2):
        with pytest.raises(SisterRefused) as refused:
            await calculate(two_pho())
        assert (refused.value.sister, refused.value.status, refused.value.reason) == ("pricing", 422, reason)
