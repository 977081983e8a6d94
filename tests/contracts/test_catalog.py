"""What every catalogue does, in memory and over HTTP (C6)."""

from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest

from sale_adapters.memory import demo_catalog
from sale_domain.ids import ItemId, SaleChannelId
from sale_domain.order_errors import UnknownItem, UnknownSaleChannel
from sale_domain.port_errors import SisterUnavailable
from sale_domain.ports.sisters import Catalog
from sisters_world import sisters_world


@attrs.frozen
class Subject:
    catalog: Catalog
    take_down: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", "http"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "memory":
        memory = demo_catalog()

        async def take_down() -> None:
            memory.fail_with = SisterUnavailable(sister="commerce", reason="it is away")

        yield Subject(memory, take_down)
        return
    async with sisters_world() as world:
        yield Subject(world.catalog, lambda: world.control("commerce", down=True))


async def test_an_item_has_its_name_its_stock_its_recipe_and_its_category(subject: Subject) -> None:
    pho = await subject.catalog.item(ItemId("variant-pho"))
    assert (pho.item_id, pho.name, pho.stock_id, pho.recipe_id) == (
        "variant-pho",
        "Phở bò tái",
        "stock-pho",
        "recipe-pho",
    )
    assert pho.product_variant["id"] == "variant-pho"
    assert pho.product_info is not None
    assert pho.product_info["name"] == "Phở bò tái"
    assert pho.category_id is not None
    category = await subject.catalog.category(pho.category_id)
    assert category is not None
    assert (category["id"], category["name"]) == ("category-mon-chinh", "Món chính")


async def test_a_drink_needs_no_recipe(subject: Subject) -> None:
    tea = await subject.catalog.item(ItemId("variant-tra-da"))
    assert (tea.stock_id, tea.recipe_id) == ("stock-tra-da", None)


@pytest.mark.parametrize(
    "name",
    ["variant-bun-cha", "phở bò", "a/b?c#d", "..", ".", "%2e%2e", "../sale-channels/channel-vnd", "variant-pho/"],
)
async def test_what_is_not_sold_is_unknown_whatever_its_id_looks_like(subject: Subject, name: str) -> None:
    with pytest.raises(UnknownItem) as refused:
        await subject.catalog.item(ItemId(name))
    assert refused.value.item_id == name
    with pytest.raises(UnknownSaleChannel) as closed:
        await subject.catalog.sale_channel(SaleChannelId(name))
    assert closed.value.sale_channel_id == name
    assert await subject.catalog.category(name) is None


@pytest.mark.parametrize(
    ("channel_id", "merchant_id", "currency"),
    [("channel-vnd", "merchant-1", "VND"), ("channel-usd", "merchant-1", "USD"), ("channel-2", "merchant-2", "VND")],
)
async def test_a_sale_channel_has_a_merchant_and_a_currency(
    subject: Subject, channel_id: str, merchant_id: str, currency: str
) -> None:
    channel = await subject.catalog.sale_channel(SaleChannelId(channel_id))
    assert (channel.id, channel.merchant_id, channel.currency) == (channel_id, merchant_id, currency)
    assert channel.document["currency"] == currency


async def test_a_commerce_that_is_away_is_said_to_be(subject: Subject) -> None:
    await subject.take_down()
    for asked in (
        subject.catalog.item(ItemId("variant-pho")),
        subject.catalog.category("category-mon-chinh"),
        subject.catalog.sale_channel(SaleChannelId("channel-vnd")),
    ):
        with pytest.raises(SisterUnavailable) as gone:
            await asked
        assert gone.value.sister == "commerce"
