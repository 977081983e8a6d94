"""The catalogue that contract §11 promises."""

import pytest

from sandbox_world import SandboxWorld


async def test_pho_has_a_recipe_and_a_stock(world: SandboxWorld) -> None:
    await world.log_in()
    answer = await world.http.get("/commerce/product-variants/variant-pho")
    assert answer.json() == {
        "id": "variant-pho",
        "productId": "product-pho",
        "slug": "pho",
        "type": "STANDARD",
        "status": "ACTIVE",
        "uom": "tô",
        "categoryIds": ["category-mon-chinh"],
        "stockId": "stock-pho",
        "recipeId": "recipe-pho",
        "metadata": {},
    }


async def test_the_morning_combo_names_its_components_and_holds_no_stock(world: SandboxWorld) -> None:
    await world.log_in()
    combo = (await world.http.get("/commerce/product-variants/variant-combo-sang")).json()
    assert [part["itemId"] for part in combo["metadata"]["components"]] == ["variant-banh-mi", "variant-tra-da"]
    assert "stockId" not in combo


@pytest.mark.parametrize(("kind", "principal_id"), [("ProductVariant", "variant-pho"), ("Product", "product-pho")])
async def test_a_variant_and_its_product_share_their_name(world: SandboxWorld, kind: str, principal_id: str) -> None:
    await world.log_in()
    asked = {"principalType": kind, "principalId": principal_id}
    assert (await world.http.get("/commerce/product-infos", params=asked)).json()["name"] == "Phở bò tái"


@pytest.mark.parametrize(
    ("channel", "merchant", "currency"),
    [("channel-vnd", "merchant-1", "VND"), ("channel-usd", "merchant-1", "USD"), ("channel-2", "merchant-2", "VND")],
)
async def test_each_channel_has_its_merchant_and_currency(
    world: SandboxWorld, channel: str, merchant: str, currency: str
) -> None:
    await world.log_in()
    found = (await world.http.get(f"/commerce/sale-channels/{channel}")).json()
    assert (found["id"], found["merchantId"], found["currency"]) == (channel, merchant, currency)
    assert found["status"] == "ACTIVE"


async def test_every_category_of_the_menu_can_be_read(world: SandboxWorld) -> None:
    await world.log_in()
    for item in ("pho", "banh-mi", "tra-da", "combo-sang", "espresso", "x-12.5"):
        [category] = (await world.http.get(f"/commerce/product-variants/variant-{item}")).json()["categoryIds"]
        found = (await world.http.get(f"/commerce/categories/{category}")).json()
        assert (found["id"], bool(found["name"])) == (category, True)


@pytest.mark.parametrize(
    "path",
    [
        "product-variants/variant-bun-cha",
        "product-variants/variant-x-cheap",
        "product-variants/variant-x-1.00001",
        "product-infos?principalType=ProductVariant&principalId=product-pho",
        "product-infos?principalType=Product&principalId=variant-pho",
        "sale-channels/channel-3",
        "categories/category-none",
        "no-such-thing",
    ],
)
async def test_what_does_not_exist_is_a_404_that_names_it(world: SandboxWorld, path: str) -> None:
    await world.log_in()
    answer = await world.http.get(f"/commerce/{path}")
    assert answer.status_code == 404
    assert path.partition("?")[0] in answer.json()["detail"]


async def test_an_info_of_an_unknown_kind_is_a_bad_request(world: SandboxWorld) -> None:
    await world.log_in()
    answer = await world.http.get("/commerce/product-infos?principalType=Menu&principalId=variant-pho")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-principal-type")
