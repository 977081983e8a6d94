"""The catalogue over HTTP: what is asked, what is remembered, and what of an answer is not believed (C6)."""

import asyncio
from typing import Any

import httpx
import pytest
import uvicorn

from processes import eventually
from sale_adapters.sisters.commerce import CommerceCatalog
from sale_adapters.wire.tracing import REQUEST_ID, TRACEPARENT
from sale_domain.ids import ItemId, SaleChannelId
from sale_domain.order_errors import UnknownItem
from sale_domain.port_errors import SisterRefused, SisterUnavailable
from sisters_world import ScriptedSister, sisters_world

PHO = {"id": "variant-pho", "slug": "pho", "categoryIds": ["soups", "new"], "stockId": "stock-pho", "more": 1.50}
CHANNEL = {"id": "channel-vnd", "merchantId": "merchant-1", "currency": "VND"}


def scripted(answers: dict[str, Any]) -> tuple[ScriptedSister, CommerceCatalog]:
    """Return a commerce that has these documents by path, and a catalogue of it."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path, 404)
        return found if isinstance(found, httpx.Response) else _response(found)

    sister = ScriptedSister(name="commerce", answer=answer)
    return sister, CommerceCatalog(transport=sister.transport(), monotonic=sister.monotonic)


def _response(found: object) -> httpx.Response:
    return httpx.Response(found) if isinstance(found, int) else httpx.Response(200, json=found)


async def test_an_item_is_asked_for_once_a_minute_and_by_all_together() -> None:
    async with sisters_world() as world:
        asked = (world.catalog.item(ItemId("variant-pho")) for _ in range(20))
        assert {item.name for item in await asyncio.gather(*asked)} == {"Phở bò tái"}
        assert [request["path"] for request in await world.seen("commerce")] == [
            "/commerce/product-variants/variant-pho",
            "/commerce/product-infos?principalType=ProductVariant&principalId=variant-pho",
        ]
        await world.box.wait(59)
        await world.catalog.item(ItemId("variant-pho"))
        assert len(await world.seen("commerce")) == 2
        await world.box.wait(2)
        await world.catalog.item(ItemId("variant-pho"))
        assert len(await world.seen("commerce")) == 4


async def test_commerce_is_told_who_asks_and_for_which_request() -> None:
    async with sisters_world() as world:
        REQUEST_ID.set("r-1")
        TRACEPARENT.set("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        await world.catalog.sale_channel(SaleChannelId("channel-vnd"))
        [request] = await world.seen("commerce")
        assert request["headers"]["x-request-id"] == "r-1"
        assert request["headers"]["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        assert request["headers"]["authorization"] == f"Bearer {await world.tokens.token()}"


async def test_what_was_unknown_is_asked_for_again() -> None:
    answers: dict[str, Any] = {"/product-infos": {"name": "Phở bò"}}
    _, catalog = scripted(answers)
    with pytest.raises(UnknownItem):
        await catalog.item(ItemId("variant-pho"))
    assert await catalog.category("soups") is None
    answers |= {"/product-variants/variant-pho": PHO, "/categories/soups": {"id": "soups"}}
    assert (await catalog.item(ItemId("variant-pho"))).name == "Phở bò"
    assert await catalog.category("soups") == {"id": "soups"}


async def test_without_an_info_an_item_is_called_by_its_slug() -> None:
    _, catalog = scripted({"/product-variants/variant-pho": PHO})
    pho = await catalog.item(ItemId("variant-pho"))
    assert (pho.name, pho.product_info, pho.category_id, pho.recipe_id) == ("pho", None, "soups", None)
    assert pho.product_variant == PHO


async def test_an_odd_id_stays_one_part_of_the_path() -> None:
    sister, catalog = scripted({})
    with pytest.raises(UnknownItem):
        await catalog.item(ItemId("phở?x=1#y %2e&"))
    assert sister.seen[0].url.raw_path == b"/product-variants/ph%E1%BB%9F%3Fx%3D1%23y%20%252e%26"


@pytest.mark.parametrize(
    ("variant", "why"),
    [
        ({**PHO, "id": "variant-tra-da"}, "it is about 'variant-tra-da' instead of 'variant-pho'"),
        ({"slug": "pho"}, "/id must be a text"),
        ({**PHO, "id": 7}, "/id must be a text"),
        ({**PHO, "slug": " "}, "/slug must be a text"),
        ({**PHO, "categoryIds": "soups"}, "/categoryIds must be a list"),
        ({**PHO, "categoryIds": [1]}, "/categoryIds must be a list of texts"),
        ({**PHO, "stockId": 7}, "/stockId must be a text"),
        ({**PHO, "recipeId": ""}, "/recipeId must be a text"),
        ({**PHO, "slug": "ph\0"}, "it has a character that no database holds"),
        ([PHO], "it is not an object"),
        (httpx.Response(200, text="<html>"), "not JSON: Expecting value: line 1 column 1 (char 0)"),
        (httpx.Response(200, text='{"id": 1, "id": 2}'), "an object has the same key twice"),
        (httpx.Response(200, text='{"id": "\\ud800"}'), "it has a character that no database holds"),
    ],
)
async def test_an_item_that_is_not_as_promised_makes_commerce_unavailable(variant: object, why: str) -> None:
    _, catalog = scripted({"/product-variants/variant-pho": variant})
    with pytest.raises(SisterUnavailable) as unusable:
        await catalog.item(ItemId("variant-pho"))
    assert (unusable.value.reason, unusable.value.words) == ("the answer cannot be used", why)


@pytest.mark.parametrize(
    "channel", [{**CHANNEL, "currency": "vnd"}, {**CHANNEL, "merchantId": None}, {**CHANNEL, "id": "channel-2"}]
)
async def test_a_channel_that_is_not_as_promised_makes_commerce_unavailable(channel: object) -> None:
    _, catalog = scripted({"/sale-channels/channel-vnd": channel})
    with pytest.raises(SisterUnavailable, match="cannot be used"):
        await catalog.sale_channel(SaleChannelId("channel-vnd"))


async def test_a_refusal_is_passed_on_and_a_redirect_is_none() -> None:
    refusal = httpx.Response(400, json={"title": "bad request", "detail": "no such kind of id"})
    _, catalog = scripted({"/product-variants/a": refusal, "/product-variants/b": 302})
    with pytest.raises(SisterRefused) as refused:
        await catalog.item(ItemId("a"))
    assert (refused.value.sister, refused.value.status, refused.value.reason) == (
        "commerce",
        400,
        "no such kind of id",
    )
    with pytest.raises(SisterUnavailable, match="it answered 302"):
        await catalog.item(ItemId("b"))


@pytest.mark.parametrize("garbage", [True, "shape"])
async def test_garbage_from_commerce_is_no_answer(garbage: object) -> None:
    async with sisters_world() as world:
        await world.control("commerce", garbage=garbage)
        with pytest.raises(SisterUnavailable, match="cannot be used"):
            await world.catalog.item(ItemId("variant-pho"))
        await world.control("commerce")
        assert (await world.catalog.item(ItemId("variant-pho"))).name == "Phở bò tái"


async def test_connections_that_break_and_a_server_that_is_gone_make_commerce_unavailable() -> None:
    async with sisters_world() as world:
        config = uvicorn.Config(world.app, port=0, log_level=60, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        assert await eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/commerce", trust_env=False) as client:
            transport = world.transport("commerce", world.tokens.token, client)
            catalog = CommerceCatalog(transport=transport, monotonic=world.monotonic)
            await world.control("commerce", down=True)
            with pytest.raises(SisterUnavailable, match="the connection failed"):
                await catalog.item(ItemId("variant-pho"))
            await world.control("commerce")
            assert (await catalog.item(ItemId("variant-pho"))).name == "Phở bò tái"
            server.should_exit = True
            await serving
            with pytest.raises(SisterUnavailable, match="the connection failed"):
                await catalog.item(ItemId("variant-tra-da"))
