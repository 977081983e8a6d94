"""One call of the client: what is tried again, with which key, for how long, and what it ends in."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from client_world import Losing, Mouth, client_of, shop_of_lan
from sale_adapters.client import (
    Conflict,
    Custom,
    Problem,
    Product,
    Rejected,
    Retries,
    SaleClient,
    StaleVersion,
    Unauthenticated,
    Unavailable,
    Unreachable,
    UnreadableAnswer,
)
from sale_adapters.wire import json

PHO = Product(item_id="variant-pho")


def refusal(status: int, code: str, *, retry_after: str | None = None) -> httpx.Response:
    body = json.write({"code": code, "status": status, "detail": "…", "requestId": "r-1"})
    return httpx.Response(status, content=body, headers={} if retry_after is None else {"retry-after": retry_after})


AWAY = refusal(503, "store-unavailable")
STATIONS = httpx.Response(200, content=b'{"stations": []}', headers={"etag": '"4"'})
TICKETS = httpx.Response(201, content=b'{"tickets": []}')


async def test_a_lost_answer_is_asked_for_again_and_the_order_is_there_once() -> None:
    shop = shop_of_lan()
    nets: list[Losing] = []

    def losing(beyond: httpx.AsyncBaseTransport) -> Losing:
        nets.append(Losing(beyond, lost=2))
        return nets[-1]

    async with client_of(shop, through=losing) as sale:
        order = await sale.create_order(sale_channel_id="channel-vnd", items=[PHO])
        another = await sale.create_order(sale_channel_id="channel-vnd", items=[PHO])
        assert [each.id async for each in sale.orders()] == [another.id, order.id]
    keys = [request.headers.get("idempotency-key") for request in nets[0].asked]
    assert keys[0] == keys[1] == keys[2]
    assert len({*keys}) == 3, "two commands, and a read that has none"


async def test_a_key_of_the_callers_own_is_kept_so_that_he_may_begin_anew() -> None:
    shop = shop_of_lan()
    orders = []
    for _ in range(2):
        async with client_of(shop) as sale:
            orders.append(await sale.create_order(sale_channel_id="channel-vnd", key="till-4/17"))
    assert orders[0] == orders[1]


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("closed"),
        AWAY,
        refusal(500, "internal-error"),
        refusal(409, "idempotency-key-in-use"),
        refusal(429, "too-many-requests"),
        httpx.Response(502, content=b"<h1>Bad gateway</h1>"),
    ],
    ids=repr,
)
async def test_a_post_is_repeated_with_its_key_after(trouble: httpx.Response | Exception) -> None:
    mouth = Mouth([trouble, trouble, TICKETS])
    async with mouth.client() as sale:
        assert await sale.send("order-1") == ()
    keys = list(mouth.keys())
    assert len(keys) == 3
    assert keys[0] is not None
    assert len(set(keys)) == 1


@pytest.mark.parametrize(
    ("trouble", "tries"),
    [
        (httpx.ConnectError("refused"), 4),
        (httpx.ConnectTimeout("slow"), 4),
        (httpx.PoolTimeout("crowded"), 4),
        (refusal(429, "too-many-requests"), 4),
        (httpx.ReadTimeout("slow"), 1),
        (httpx.RemoteProtocolError("closed"), 1),
        (AWAY, 1),
        (httpx.Response(502, content=b"<h1>Bad gateway</h1>"), 1),
    ],
    ids=repr,
)
async def test_what_has_no_key_is_repeated_only_when_sale_has_not_worked_on_it(
    trouble: httpx.Response | Exception, tries: int
) -> None:
    mouth = Mouth([trouble])
    async with mouth.client() as sale:
        for change in (
            sale.change_item("order-1", "line-1", quantity=2),
            sale.remove_all_items("order-1"),
            sale.replace_stations([]),
        ):
            mouth.asked.clear()
            with pytest.raises((Problem, Unreachable)):
                await change
            assert len(mouth.asked) == tries


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422])
async def test_a_refusal_is_not_argued_with(status: int) -> None:
    mouth = Mouth([refusal(status, "no-such-code-yet")])
    async with mouth.client() as sale:
        with pytest.raises(Problem) as raised:
            await sale.send("order-1")
    assert len(mouth.asked) == 1
    assert isinstance(raised.value, Conflict if status in (409, 412) else Rejected)
    assert isinstance(raised.value, StaleVersion) == (status == 412)
    assert str(raised.value) == f"… ({status} no-such-code-yet, request r-1)"


@pytest.mark.parametrize(
    "told", ["9" * 400, f"Wed, 21 Oct {'9' * 30} 07:28:00 GMT", f"Wed, 21 Oct 2026 07:28:00 +{'9' * 20}"]
)
async def test_a_time_beyond_reason_is_no_error_of_another_kind(told: str) -> None:
    answer = refusal(503, "store-unavailable", retry_after=told)
    answer.headers["date"] = "Wed, 21 Oct 2026 07:28:00 GMT"
    async with Mouth([answer]).client() as sale:
        with pytest.raises(Unavailable):
            await sale.stations()


async def test_sale_is_left_alone_for_as_long_as_it_says_and_a_little_longer() -> None:
    mouth = Mouth([refusal(503, "sister-unavailable", retry_after="7"), STATIONS])
    async with mouth.client(retries=Retries(jitter=lambda most: most / 2, first_seconds=1.0)) as sale:
        assert (await sale.stations()).version == 4
    assert mouth.pauses == [7.5]


async def test_nothing_is_waited_for_beyond_the_deadline() -> None:
    mouth = Mouth([refusal(503, "store-unavailable", retry_after="8")])
    async with mouth.client(retries=Retries(count=99, first_seconds=0, longest_seconds=0)) as sale:
        with pytest.raises(Unavailable) as raised:
            await sale.stations()
    assert mouth.pauses == [8.0, 8.0, 8.0]
    assert raised.value.retry_after_seconds == 8.0
    assert [request.extensions["timeout"]["read"] for request in mouth.asked] == [10, 10, 10, 6]


async def test_a_pause_grows_up_to_its_bound_and_is_drawn_anew_each_time() -> None:
    mouth = Mouth([AWAY])
    async with mouth.client(retries=Retries(count=4, first_seconds=1.0, longest_seconds=3.0, jitter=float)) as sale:
        with pytest.raises(Unavailable):
            await sale.stations()
    assert mouth.pauses == [1.0, 2.0, 3.0, 3.0]


async def test_an_unanswered_command_tells_its_key() -> None:
    async with Mouth([httpx.ReadTimeout("slow")]).client() as sale:
        with pytest.raises(Unreachable) as raised:
            await sale.create_order(sale_channel_id="channel-vnd", key="till-4/18")
    assert (raised.value.key, raised.value.untouched) == ("till-4/18", False)
    assert str(raised.value) == "Sale has not answered: the time was up (ReadTimeout)."


async def test_a_token_may_be_asked_for_at_every_try() -> None:
    tokens = iter(["first", "second"])

    async def token() -> str:
        return next(tokens)

    mouth = Mouth([AWAY, STATIONS])
    async with mouth.client(token=token) as sale:
        await sale.stations()
    assert [request.headers["authorization"] for request in mouth.asked] == ["Bearer first", "Bearer second"]


async def test_a_strangers_token_is_refused() -> None:
    transport = httpx.ASGITransport(app=shop_of_lan().asgi())
    async with SaleClient("http://sale", token="mallory", merchant_id="merchant-1", transport=transport) as sale:
        with pytest.raises(Unauthenticated):
            await sale.stations()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, content=b"<h1>nginx</h1>"),
        httpx.Response(302, headers={"location": "/login"}),
        httpx.Response(200, content=b"<h1>Sign in</h1>"),
        httpx.Response(200, content=b'{"stations": [{"id": "bar"}]}'),
        httpx.Response(200, content=b"[]"),
    ],
    ids=lambda answer: f"{answer.status_code} {answer.content!r}",
)
async def test_somebody_elses_answer_is_not_taken_for_sales(answer: httpx.Response) -> None:
    async with Mouth([answer]).client() as sale:
        with pytest.raises(UnreadableAnswer) as raised:
            await sale.stations()
    assert raised.value.status == answer.status_code


async def test_a_later_sale_may_say_more() -> None:
    body = b'{"stations": [{"id": "bar", "name": "Bar", "itemIds": [], "categoryIds": [], "lamp": "red"}], "n": 1}'
    async with Mouth([httpx.Response(200, content=body)]).client() as sale:
        assert [station.name for station in (await sale.stations()).stations] == ["Bar"]


async def test_amounts_go_there_and_back_digit_by_digit() -> None:
    async with client_of(shop_of_lan()) as sale:
        dear = Custom(name="Gold", unit_price=Decimal("12345678901.2345"), quantity=Decimal("0.0001"))
        (line,) = (await sale.create_order(sale_channel_id="channel-vnd", items=[dear])).items
    assert (line.unit_price, line.quantity) == (Decimal("12345678901.2345"), Decimal("0.0001"))


@pytest.mark.parametrize("amount", [0.1, 1.0, "1", True])
async def test_what_is_not_exact_is_no_amount(amount: Any) -> None:  # noqa: ANN401 - what no type checker lets pass
    with pytest.raises(TypeError, match="say Decimal or int"):
        Product(item_id="variant-pho", quantity=amount)
    async with Mouth([STATIONS]).client() as sale:
        with pytest.raises(TypeError, match="say Decimal or int"):
            await sale.check_out("order-1", expected_total=amount)
        with pytest.raises(TypeError, match="say Decimal or int"):
            await sale.change_item("order-1", "line-1", quantity=amount)


async def test_an_id_is_one_step_of_a_path_whatever_stands_in_it() -> None:
    mouth = Mouth([refusal(404, "not-found")])
    async with mouth.client() as sale:
        with pytest.raises(Rejected):
            await sale.order("../kitchen-stations?x=")
    assert mouth.asked[0].url.raw_path == b"/v1/api/sale/sale-orders/..%2Fkitchen-stations%3Fx%3D"


@pytest.mark.parametrize("step", ["", ".", ".."])
async def test_no_id_is_no_way_to_something_else(step: str) -> None:
    mouth = Mouth([AWAY])
    async with mouth.client() as sale:
        with pytest.raises(ValueError, match="no id"):
            await sale.remove_item("order-1", step)
    assert mouth.asked == []
