"""The deadline of a call holds whatever is slow, and the error says truthfully what was waited for."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import httpx
import pytest

from client_world import AT_ONCE, Mouth
from sale_adapters.client import SaleClient, Token, Unreachable

PIECES, PAUSE_SECONDS = 50, 0.05
GOOD = b'HTTP/1.1 201 Created\r\ncontent-length: 15\r\n\r\n{"tickets": []}'
WHOLE = "Sale has not answered: the deadline of 0.3 s passed before the answer was whole."
TOKEN = "the deadline of 0.3 s passed before there was a token."


@attrs.define(eq=False)
class Dripping:
    """A server that takes two and a half seconds for an answer, and writes a piece of it every 50 ms.

    Attributes:
        asked: How many requests have come.
        whole: How many answers were written to their end.
    """

    begins: bytes = b""
    piece: bytes = b""
    ends: bytes = GOOD
    asked: int = 0
    whole: int = 0
    answers: list[asyncio.Task[None]] = attrs.field(factory=list)

    def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answers.append(asyncio.create_task(self._answer(reader, writer)))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1):
            self.asked += 1
            writer.write(self.begins)
            for _ in range(PIECES):
                writer.write(self.piece)
                if not await listens(reader):
                    break
            else:
                writer.write(self.ends)
                self.whole += 1
        writer.close()


async def listens(reader: asyncio.StreamReader) -> bool:
    """Return whether the other end still listens after 50 ms."""
    try:
        async with asyncio.timeout(PAUSE_SECONDS):
            while await reader.read(1024):
                pass
    except TimeoutError:
        return True
    except ConnectionError:
        return False
    return False


@asynccontextmanager
async def calling(server: Dripping, *, scheme: str = "http", token: Token = "lan") -> AsyncGenerator[SaleClient]:  # noqa: S107 - of a test
    """Yield a client of the server whose calls have 0.3 seconds."""
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with (
        listening,
        SaleClient(
            f"{scheme}://127.0.0.1:{port}", token=token, merchant_id="merchant-1", deadline_seconds=0.3, retries=AT_ONCE
        ) as sale,
    ):
        yield sale
    await asyncio.gather(*server.answers)


@pytest.mark.parametrize(
    "server",
    [
        Dripping(begins=b"HTTP/1.1 201 Created\r\n", piece=b"x-more: to come\r\n", ends=GOOD.partition(b"\r\n")[2]),
        Dripping(piece=b"HTTP/1.1 100 Continue\r\n\r\n"),
        Dripping(begins=GOOD.replace(b"15", b"65").partition(b"{")[0], piece=b" ", ends=b'{"tickets": []}'),
    ],
    ids=["a head that drips", "continue and continue", "a body that drips"],
)
async def test_no_answer_is_listened_to_beyond_the_deadline(server: Dripping) -> None:
    async with calling(server) as sale:
        with pytest.raises(Unreachable) as raised:
            await sale.send("order-1", key="till-4/18")
        assert (server.asked, server.whole) == (1, 0)
    assert (str(raised.value), raised.value.untouched, raised.value.key) == (WHOLE, False, "till-4/18")
    assert server.whole == 0, "the connection is let go"


async def test_no_token_is_waited_for_beyond_the_deadline_and_sale_is_said_not_to_have_been_asked() -> None:
    came: list[str] = []

    async def token() -> str:
        await asyncio.sleep(PIECES * PAUSE_SECONDS)
        came.append("lan")
        return came[0]

    server = Dripping()
    async with calling(server, token=token) as sale:
        with pytest.raises(Unreachable) as raised:
            await sale.send("order-1", key="till-4/18")
    assert (came, server.asked) == ([], 0)
    assert str(raised.value) == f"Sale has not been asked: {TOKEN}"
    assert (raised.value.untouched, raised.value.key) == (True, "till-4/18")


async def test_the_token_of_a_later_try_does_not_make_the_first_one_unheard() -> None:
    mouth = Mouth([httpx.ReadTimeout("slow")])

    async def token() -> str:
        await asyncio.sleep(PIECES * PAUSE_SECONDS if mouth.asked else 0)
        return "lan"

    async with mouth.client(token=token, deadline_seconds=0.3) as sale:
        with pytest.raises(Unreachable) as raised:
            await sale.send("order-1")
    assert (str(raised.value), raised.value.untouched) == (f"Sale has not answered: {TOKEN}", False)
    assert len(mouth.asked) == 1


async def test_a_refused_connection_does_not_make_an_earlier_try_unheard() -> None:
    async with Mouth([httpx.ReadTimeout("slow"), httpx.ConnectError("refused")]).client() as sale:
        with pytest.raises(Unreachable) as raised:
            await sale.send("order-1")
    assert not raised.value.untouched


async def test_whoever_is_still_connecting_at_the_deadline_has_not_asked() -> None:
    server = Dripping()  # It is spoken to in TLS, and does not answer.
    async with calling(server, scheme="https") as sale:
        with pytest.raises(Unreachable) as raised:
            await sale.send("order-1")
        assert (server.asked, server.whole) == (1, 0)
    assert (str(raised.value), raised.value.untouched) == (WHOLE.replace("answered", "been asked"), True)
    assert server.whole == 0, "the connection is let go"


async def test_a_time_out_of_the_tokens_own_is_the_callers() -> None:
    async def token() -> str:
        async with asyncio.timeout(0):
            await asyncio.sleep(PIECES * PAUSE_SECONDS)
        return "lan"

    async with Mouth([]).client(token=token) as sale:
        with pytest.raises(TimeoutError):
            await sale.stations()
