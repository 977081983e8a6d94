"""The stream over real sockets, in one process and over memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from counter import LAN, STRANGER, item, opened
from sale_adapters.web import create_app
from sale_adapters.web.stream import Stream, StreamLimits
from sale_app.composition import InMemorySale
from sale_domain.permissions import Permission
from sale_domain.port_errors import SisterUnavailable
from sale_domain.use_cases.ordering import NewOrder
from stream_world import ORDERS, screen, serving

LIMITS = StreamLimits(clients=5, authenticate_seconds=0.3)


@pytest.fixture
def stream(shop: InMemorySale) -> Stream:
    return Stream(shop.sale, tail=shop.tail, limits=LIMITS, metrics=shop.metrics)


@pytest.fixture
async def address(shop: InMemorySale, stream: Stream) -> AsyncIterator[str]:
    async def readiness() -> Mapping[str, str | None]:
        return {}

    app = create_app(shop.sale, readiness=readiness, metrics=shop.metrics, stream=stream)
    async with serving(app, farewell=stream.close) as found:
        yield found


async def test_a_screen_sees_every_change_of_its_merchant_and_the_chain_proves_it(
    shop: InMemorySale, address: str
) -> None:
    await opened(shop, item("pho"))
    async with screen(address) as board:
        assert await board.subscribe() == 1
        order = (await opened(shop, item("pho"))).order
        await shop.sale.add_item(LAN, order.id, item("tra-da"))
        await board.follow(3)
    assert [(frame["seq"], frame["prev"]) for frame in board.frames] == [(2, 1), (3, 2)]
    assert board.frames[1] == {
        "topic": ORDERS,
        "data": {
            "action": "ORDER_UPDATED",
            "id": order.id,
            "merchantId": "merchant-1",
            "version": 2,
            "status": "DRAFT",
            "from": "DRAFT",
            "at": "2026-01-05T07:30:00Z",
            "by": "lan",
        },
        "seq": 3,
        "prev": 2,
    }


async def test_connecting_tells_who_one_is_and_the_time(address: str) -> None:
    async with screen(address, token=None) as board:
        await board.say("authenticate", type="Bearer", token="lan", merchantId="merchant-1")
        connected = await board.hear_event("connected")
    assert (connected["userId"], connected["time"]) == ("user-lan", "2026-01-05T07:30:00Z")
    assert len(connected["id"]) == 28


async def test_what_another_merchant_sells_is_never_seen(shop: InMemorySale, address: str) -> None:
    async with screen(address) as lan, screen(address, token="minh", merchant="merchant-2") as minh:
        await lan.subscribe()
        await minh.subscribe()
        await opened(shop, item("pho"))
        await shop.sale.create_order(STRANGER, NewOrder(sale_channel_id=_channel("channel-2")))
        await opened(shop, item("pho"))
        await lan.follow(2)
        await minh.follow(1)
    assert {frame["data"]["merchantId"] for frame in lan.frames} == {"merchant-1"}
    assert {frame["data"]["merchantId"] for frame in minh.frames} == {"merchant-2"}


@pytest.mark.parametrize(
    ("token", "merchant", "reason"),
    [
        ("lan", "merchant-2", "The token does not name this merchant."),
        ("forged", "merchant-1", "The token is not known."),
    ],
)
async def test_who_proves_nothing_is_refused(address: str, token: str, merchant: str, reason: str) -> None:
    async with screen(address, token=None) as board:
        await board.say("authenticate", type="Bearer", token=token, merchantId=merchant)
        assert await board.closed() == (4003, reason)


async def test_who_says_nothing_is_sent_away(address: str) -> None:
    async with screen(address, token=None) as board:
        assert await board.closed() == (4001, "Say who you are within 0.3 s.")


async def test_an_identity_that_is_away_is_no_refusal(shop: InMemorySale, address: str) -> None:
    shop.tokens.fail_with = SisterUnavailable(sister="identity", reason="gone")
    async with screen(address, token=None) as board:
        await board.say("authenticate", type="Bearer", token="lan", merchantId="merchant-1")
        code, _ = await board.closed()
    assert code == 1013


async def test_a_subscription_that_nobody_can_check_ends_the_socket_so_that_it_is_tried_again(
    shop: InMemorySale, address: str
) -> None:
    async with screen(address) as board:
        shop.policies.fail_with = SisterUnavailable(sister="identity", reason="gone")
        await board.say("subscribe", topics=[ORDERS])
        code, _ = await board.closed()
    assert code == 1013


async def test_the_socket_ends_with_its_token(shop: InMemorySale, address: str) -> None:
    soon = shop.clock.now() + timedelta(seconds=0.3)
    shop.tokens.issue("short", user_id="lan", roles=("cashier",), merchants=("merchant-1",), expires_at=soon)
    async with screen(address, token="short") as board:
        await board.subscribe()
        assert await board.closed() == (4003, "The token has expired.")


async def test_a_topic_that_the_token_may_not_see_or_that_is_not_there_is_a_problem_and_nothing_changes(
    shop: InMemorySale, address: str
) -> None:
    shop.policies.deny("cashier", Permission.KITCHEN_TICKET_FIND)
    async with screen(address) as board:
        await board.subscribe()
        await board.say("subscribe", topics=[ORDERS, "observation/sale/kitchen-ticket"])
        problem = await board.hear_event("error")
        assert (problem["status"], problem["code"]) == (403, "forbidden")
        await board.say("subscribe", topics=["observation/sale/sale-check"])
        problem = await board.hear_event("error")
        assert (problem["code"], problem["errors"][0]["pointer"]) == ("invalid", "/data/topics/0")
        assert problem["requestId"]
        await opened(shop, item("pho"))
        await board.follow(1)


async def test_a_second_subscription_replaces_the_first(shop: InMemorySale, address: str) -> None:
    async with screen(address) as board:
        await board.subscribe()
        await opened(shop, item("pho"))
        await board.follow(1)
        assert await board.subscribe("observation/sale/kitchen-ticket") == 1
        await opened(shop, item("pho"))
        # What the kitchen's subscription leaves out is told by the next one, from where the board left off.
        assert await board.subscribe(since=1) == 1
        await opened(shop, item("pho"))
        await board.follow(3)
    assert board.seen == [1, 2, 3]


async def test_since_goes_on_where_a_snapshot_ends(shop: InMemorySale, address: str) -> None:
    for _ in range(3):
        await opened(shop, item("pho"))
    headers = {"authorization": "Bearer lan", "x-merchant-id": "merchant-1"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        answer = await client.get(f"http://{address}/v1/api/sale/sale-orders")
    seq = int(answer.headers["x-feed-seq"])
    await opened(shop, item("pho"))
    async with screen(address) as board:
        assert await board.subscribe(since=seq) == 3
        await board.follow(4)
    assert board.seen == [4]


async def test_a_snapshot_may_be_newer_than_what_the_stream_has_heard_of(shop: InMemorySale, address: str) -> None:
    async with screen(address) as board:
        assert await board.subscribe() == 0
        await opened(shop, item("pho"))
        await board.follow(1)
        # Another replica has committed this, and nobody has told yet.
        shop.store.feeds[LAN.merchant_id] *= 2
        assert await board.subscribe(since=2) == 2
        await opened(shop, item("pho"))
        await board.follow(3)
    assert (board.seen, board.resyncs) == ([1, 3], 0)


async def test_a_since_that_was_never_told_is_a_resync(shop: InMemorySale, address: str) -> None:
    await opened(shop, item("pho"))
    async with screen(address) as board:
        assert await board.subscribe(since=2) == 1
        assert await board.hear_event("resync") == {"topics": [ORDERS]}
        await opened(shop, item("pho"))
        await board.follow(2)
    assert board.seen == [2]


BAD: Mapping[str, str] = {
    "no JSON": "hello",
    "no object": "[1]",
    "null": "null",
    "nothing": "",
    "too deep": "[" * 30_000,
    "no event": "{}",
    "an event that is none": '{"event": "dance"}',
    "an event of another type": '{"event": 7}',
    "a field too many": '{"event": "heartbeat", "more": 1}',
    "a lone surrogate": '{"event": "subscribe", "data": {"topics": ["\\ud800"]}}',
    "no topics": '{"event": "subscribe", "data": {}}',
    "topics that are none": '{"event": "subscribe", "data": {"topics": "all"}}',
    "a since that is none": '{"event": "subscribe", "data": {"topics": [], "since": -1}}',
    "a since with a fraction": '{"event": "subscribe", "data": {"topics": [], "since": 1.5}}',
    "data that is none": '{"event": "subscribe", "data": 7}',
    "unknown data": '{"event": "subscribe", "data": {"topics": [], "all": true}}',
    "a second authentication": '{"event": "authenticate", "data": {"token": "lan", "merchantId": "merchant-1"}}',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
async def test_what_cannot_be_read_is_a_problem_and_the_socket_goes_on(
    shop: InMemorySale, address: str, text: str
) -> None:
    async with screen(address) as board:
        await board.socket.send(text)
        assert (await board.hear_event("error"))["code"] == "invalid"
        await board.subscribe()
        await opened(shop, item("pho"))
        await board.follow(1)


async def test_subscribing_before_one_is_known_is_a_problem(address: str) -> None:
    async with screen(address, token=None) as board:
        await board.say("subscribe", topics=[ORDERS])
        assert (await board.hear_event("error"))["code"] == "unauthenticated"


@pytest.mark.parametrize(("message", "code"), [(b"\x00\x01", 1003), ("x" * 70_000, 1009)], ids=["binary", "huge"])
async def test_what_no_screen_would_send_ends_the_socket(address: str, message: str | bytes, code: int) -> None:
    async with screen(address) as board:
        await board.socket.send(message)
        assert (await board.closed())[0] == code


async def test_text_that_is_no_utf_8_ends_the_socket(address: str) -> None:
    async with screen(address) as board:
        await board.socket.send(b"\xff\xfe", text=True)
        assert (await board.closed())[0] == 1007


async def test_who_has_proved_nothing_takes_no_place_from_who_may(address: str) -> None:
    async with asyncio.timeout(20), AsyncExitStack() as stack:
        strangers = [await stack.enter_async_context(screen(address, token=None)) for _ in range(LIMITS.clients)]
        board = await stack.enter_async_context(screen(address))
        await board.subscribe()
        assert await strangers[0].closed() == (1013, "There are too many sockets; try again later.")


async def test_there_are_only_so_many_sockets(address: str) -> None:
    async with asyncio.timeout(20):
        boards = [screen(address) for _ in range(LIMITS.clients)]
        for board in boards:
            await board.__aenter__()
        async with screen(address, token=None) as late:
            assert await late.closed() == (1013, "There are too many sockets; try again later.")
        await boards.pop().__aexit__(None, None, None)
        while True:
            async with screen(address, token=None) as next_one:
                await next_one.say("authenticate", token="lan", merchantId="merchant-1")
                if "event" in (said := await _first(next_one)):
                    break
        assert said["event"] == "connected"
        for board in boards:
            await board.__aexit__(None, None, None)


async def test_a_server_that_stops_sends_its_screens_elsewhere(stream: Stream, address: str) -> None:
    async with screen(address) as board, screen(address, token=None) as stranger:
        await board.subscribe()
        closing = asyncio.create_task(stream.close())
        assert await board.closed() == (1012, "The server stops; connect again, and go on with since.")
        assert (await stranger.closed())[0] == 1012
        await closing
        async with screen(address, token=None) as late:
            assert (await late.closed())[0] == 1012


async def test_what_happens_on_the_stream_is_counted(shop: InMemorySale, address: str) -> None:
    async with screen(address) as board:
        await board.subscribe(since=7)
        await opened(shop, item("pho"))
        await board.follow(1)
        assert await _counted(shop, "sale_stream_clients") == 1
        await board.socket.send(b"\x00")
        await board.closed()
    async with asyncio.timeout(20):
        while await _counted(shop, "sale_stream_clients"):  # noqa: ASYNC110 - metrics tell nobody
            await asyncio.sleep(0.01)
    assert await _counted(shop, "sale_stream_frames_total") == 1
    assert await _counted(shop, "sale_stream_resyncs_total") == 1
    assert await _counted(shop, 'sale_stream_closes_total{code="1003"}') == 1


async def test_a_service_without_a_stream_has_no_such_path(shop: InMemorySale) -> None:
    async def readiness() -> Mapping[str, str | None]:
        return {}

    async with serving(create_app(shop.sale, readiness=readiness)) as address:
        with pytest.raises(InvalidStatus):
            async with screen(address):
                raise AssertionError("nobody is let in")


async def _first(board: Any) -> dict[str, Any]:  # noqa: ANN401 - a screen
    try:
        said: dict[str, Any] = json.loads(await board.socket.recv())
    except Exception:  # noqa: BLE001 - it was turned away
        return {}
    return said


async def _counted(shop: InMemorySale, series: str) -> float:
    _, text = await shop.metrics.exposition()
    return float(next(line.split()[1] for line in text.decode().splitlines() if line.startswith(f"{series} ")))


def _channel(name: str) -> Any:  # noqa: ANN401 - an id
    return name
