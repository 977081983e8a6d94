"""The short way out: what is written past the writer, and when the writer has to do it after all."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from bare_socket import Client, connected, expiring, until
from counter import item, opened
from sale_adapters.memory import MemoryFeed
from sale_adapters.web import create_app
from sale_adapters.web.stream import FeedTail, Stream, socket
from sale_app import asgi, protocols
from sale_app.composition import InMemorySale
from stream_world import ORDERS, Screen, running_on_a_free_port, screen


async def following(client: Client) -> None:
    """Subscribe, and see to it that the writer rests."""
    client.say("subscribe", topics=[ORDERS])
    await client.until_event("subscribed")
    for _ in range(5):
        await asyncio.sleep(0)


async def seen(client: Client, seq: int) -> None:
    """Wait until a change is the last that was shown."""
    await until(lambda: client.seen[-1:] == [seq])


async def test_who_keeps_up_is_shown_a_change_past_the_writer_and_all_are_written_the_same_bytes(
    shop: InMemorySale,
) -> None:
    stream = Stream(shop.sale, tail=shop.tail, metrics=shop.metrics)
    async with connected(stream) as one, connected(stream) as another:
        await following(one)
        await following(another)
        for n in range(1, 4):
            await opened(shop, item("pho"))
            await seen(one, n)
            await seen(another, n)
    assert one.seen == [1, 2, 3]
    assert len(one.written) == 3
    assert [id(frame) for frame in one.written] == [id(frame) for frame in another.written]
    _, text = await shop.metrics.exposition()
    assert "sale_stream_frames_total 6.0" in text.decode()


async def test_who_does_not_keep_up_waits_for_the_writer_and_the_chain_goes_on_over_both(shop: InMemorySale) -> None:
    async with connected(Stream(shop.sale, tail=shop.tail)) as client:
        await following(client)
        for n, takes_more in enumerate((True, False, True), start=1):
            client.takes_more = takes_more
            await opened(shop, item("pho"))
            await seen(client, n)
            await asyncio.sleep(0.01)
    assert len(client.written) == 2
    assert [said["prev"] for said in client.heard if "seq" in said] == [0, 1, 2]


async def test_a_sign_of_life_that_is_due_comes_before_a_change(shop: InMemorySale) -> None:
    seconds = [0.0]
    async with connected(Stream(shop.sale, tail=shop.tail, monotonic=lambda: seconds[0])) as client:
        await following(client)
        seconds[0] = 30.0
        await opened(shop, item("pho"))
        await until(lambda: client.seen == [1])
    assert client.written == []
    assert [said.get("event") for said in client.heard[-2:]] == ["heartbeat", None]


async def test_the_end_of_a_token_comes_before_a_change(shop: InMemorySale) -> None:
    seconds = [0.0]
    stream = Stream(shop.sale, tail=shop.tail, monotonic=lambda: seconds[0])
    async with connected(stream, token=expiring(shop, seconds=10)) as client:
        await following(client)
        seconds[0] = 10.0
        await opened(shop, item("pho"))
        await until(lambda: client.closed is not None)
    assert client.closed == (4003, "The token has expired.")
    assert client.written == []


async def test_many_changes_at_once_are_the_writers_so_that_others_have_their_turn(
    shop: InMemorySale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "_AT_ONCE", 2)
    tail = FeedTail(MemoryFeed(shop.store), poll_seconds=60)
    async with connected(Stream(shop.sale, tail=tail)) as client:
        await following(client)
        for count, last in ((2, 2), (3, 5)):
            for _ in range(count):
                await opened(shop, item("pho"))
            tail.wake()
            await seen(client, last)
    assert client.seen == [1, 2, 3, 4, 5]
    assert len(client.written) == 1, "two changes in one go, and the other three by the writer"


async def test_a_bug_in_one_screens_way_out_ends_that_screen_and_blinds_no_other(
    shop: InMemorySale, caplog: pytest.LogCaptureFixture
) -> None:
    stream = Stream(shop.sale, tail=shop.tail)
    async with connected(stream) as broken, connected(stream) as sound:
        await following(broken)
        await following(sound)
        broken.written = None  # type: ignore[assignment]  # a bug
        await opened(shop, item("pho"))
        await until(lambda: sound.seen == [1] and broken.closed is not None)
    assert broken.closed == (1011, "Something went wrong here; it has been logged.")
    assert "bug in a stream" in caplog.text


# --- over a real socket ----------------------------------------------------------------------------------------------


class Recorded(ClientConnection):
    """A client that keeps every byte."""

    received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        super().data_received(data)


@pytest.fixture
def stream(shop: InMemorySale) -> Stream:
    return Stream(shop.sale, tail=shop.tail)


@pytest.fixture
def server(shop: InMemorySale, stream: Stream) -> uvicorn.Server:
    async def readiness() -> Mapping[str, str | None]:
        return {}

    return asgi.server(create_app(shop.sale, readiness=readiness, stream=stream), log_level="critical")


@pytest.fixture
async def address(server: uvicorn.Server) -> AsyncIterator[str]:
    async with running_on_a_free_port(server) as found:
        yield found


async def recorded(address: str, **options: int) -> tuple[Screen, Recorded]:
    line = await connect(f"ws://{address}/v1/api/sale/stream", compression=None, create_connection=Recorded)
    assert isinstance(line, Recorded)
    board = Screen(socket=line)
    await board.say("authenticate", type="Bearer", token="lan", merchantId="merchant-1")
    await board.hear_event("connected")
    await board.subscribe(**options)
    return board, line


async def test_both_ways_write_the_same_bytes(
    shop: InMemorySale, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = protocols.StreamProtocol.write, []

    def noted(protocol: protocols.StreamProtocol, frames: bytes) -> None:
        written.append(frames)
        write(protocol, frames)

    monkeypatch.setattr(protocols.StreamProtocol, "write", noted)
    board, line = await recorded(address)
    before = len(line.received)
    for n in range(1, 4):
        await asyncio.sleep(0.02)
        await opened(shop, item("pho"))
        await board.follow(n)
    at_once = line.received[before:]
    assert at_once == b"".join(written) != b""
    back, its_line = await recorded(address, since=0)
    await back.follow(3)
    assert len(written) == 3, "who comes back is shown the history by the writer"
    assert its_line.received[-len(at_once) :] == at_once
    await line.close()
    await its_line.close()


async def test_a_socket_takes_nothing_past_the_writer_while_its_client_lags_or_once_it_ends(
    server: uvicorn.Server, stream: Stream, address: str
) -> None:
    async with screen(address) as board:
        await board.subscribe()
        (protocol,) = server.server_state.connections
        assert isinstance(protocol, protocols.StreamProtocol)
        taken = [protocol.takes_more]
        for happens in (protocol.pause_writing, protocol.resume_writing):
            happens()
            taken.append(protocol.takes_more)
        await stream.close()
        taken.append(protocol.takes_more)
    assert taken == [True, False, True, False]
