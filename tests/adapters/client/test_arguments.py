"""An argument that no request can carry is a ValueError at once: nothing is sent, and no secret is told."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest

from client_world import Mouth
from sale_adapters.client import SaleClient, UnreadableAnswer

HALF = "\ud800"
NO_HEADER = "has to be printable ASCII, not empty, and without blanks around it"


async def refused(call: Callable[[SaleClient], Awaitable[object]]) -> str:
    """Return what the ValueError says that a call ends in before anybody is asked, even for a token."""

    async def token() -> str:
        raise AssertionError("the token was asked for")

    mouth = Mouth([])
    async with mouth.client(token=token) as sale:
        with pytest.raises(ValueError, match=r".") as raised:
            await call(sale)
    assert (mouth.asked, type(raised.value)) == ([], ValueError)
    return str(raised.value)


@pytest.mark.parametrize("key", ["", "ü", "a\nb", "a\r\nx-merchant-id: merchant-2", " ", "till-4 "], ids=repr)
async def test_a_key_is_what_a_header_carries_and_an_empty_one_is_not_replaced(key: str) -> None:
    told = await refused(lambda sale: sale.create_order(sale_channel_id="channel-vnd", key=key))
    assert told == f"key {NO_HEADER}"


@pytest.mark.parametrize("token", ["", "sésame", "sesame\n", "sesame open\x00", "sesame "], ids=repr)
async def test_a_token_is_what_a_header_carries_and_is_not_told(token: str) -> None:
    async def fetched() -> str:
        return token

    mouth = Mouth([])
    with pytest.raises(ValueError, match=f"^token {NO_HEADER}$"):
        mouth.client(token=token)
    async with mouth.client(token=fetched) as sale:
        with pytest.raises(ValueError, match=f"^token {NO_HEADER}$"):
            await sale.stations()
    assert mouth.asked == []


def test_a_merchant_is_what_a_header_carries() -> None:
    with pytest.raises(ValueError, match=f"^merchant_id {NO_HEADER}$"):
        SaleClient("http://sale", token="lan", merchant_id="quán của Lan")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "sale",
        "127.0.0.1:31030",
        "sale:8080",
        "ftp://sale",
        "http://",
        "http://[::1",
        "http://sale\n",
        "http://sale?merchant=1",
        "http://sesame@sale",
    ],
    ids=repr,
)
def test_an_address_is_one_of_http_and_who_stands_in_it_is_not_told(address: str) -> None:
    with pytest.raises(ValueError, match="base_url is no http") as raised:
        SaleClient(address, token="lan", merchant_id="merchant-1")
    assert "sesame" not in str(raised.value)


@pytest.mark.parametrize("behind", ["", "/", "/v1/api/sale", "/v1/api/sale/"])
async def test_an_address_may_name_sales_path_or_not(behind: str) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b'{"stations": []}')

    address, transport = f"https://shop.example{behind}", httpx.MockTransport(answer)
    async with SaleClient(address, token="lan", merchant_id="merchant-1", transport=transport) as sale:
        await sale.stations()
    assert [str(request.url) for request in asked] == ["https://shop.example/v1/api/sale/kitchen-stations"]


@pytest.mark.parametrize(
    "call",
    [
        lambda sale: sale.order(f"01K{HALF}"),
        lambda sale: sale.orders(customer_id=f"01K{HALF}").page(),
        lambda sale: sale.orders().page(f"01K{HALF}"),
        lambda sale: sale.cancel("order-1", reason=f"01K{HALF}"),
    ],
    ids=["an id", "a filter", "a cursor", "a text"],
)
async def test_half_a_character_is_none(call: Callable[[SaleClient], Awaitable[object]]) -> None:
    assert await refused(call) == r"'01K\ud800' has half a character: a surrogate without its other half"


@pytest.mark.parametrize(
    "call",
    [
        lambda sale: sale.order("k" * 100_000),
        lambda sale: sale.orders(customer_id="k" * 100_000).page(),
        lambda sale: sale.orders().page("k" * 100_000),
    ],
    ids=["an id", "a filter", "a cursor"],
)
async def test_an_address_has_an_end(call: Callable[[SaleClient], Awaitable[object]]) -> None:
    assert re.match("an id, a filter or a cursor fits into no address: .* too long", await refused(call))


@pytest.mark.parametrize("told", ["9" * 5000, "", "four", 'W/"4'])
async def test_an_etag_that_is_no_version_of_sales_is_none(told: str) -> None:
    answer = httpx.Response(200, content=b'{"stations": []}', headers={"etag": f'"{told}"'})
    async with Mouth([answer]).client() as sale:
        assert (await sale.stations()).version == 0


async def test_a_version_of_five_thousand_digits_in_a_body_is_unreadable() -> None:
    answer = httpx.Response(200, content=b'{"stations": [], "version": "%s"}' % (b"9" * 5000))
    async with Mouth([answer]).client() as sale:
        with pytest.raises(UnreadableAnswer):
            await sale.stations()
