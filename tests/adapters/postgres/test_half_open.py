"""A connection whose other side has died without a word: nobody waits for it for ever, and nobody gets it again."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from outbox_tables import addresses, insert, make_tables
from relay_world import PAYMENTS, event
from sale_adapters.memory.event_log import MemoryEventLog
from sale_adapters.postgres import Database, Patience
from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_adapters.postgres.trips import Row, Statement, Trips
from sale_app.relay_process import RelayProcess
from sale_domain.port_errors import StoreUnavailable
from sale_domain.publishing import RelayPolicy

CONNECTIONS = 2
SHORT = Patience(statement_seconds=0.2, lock_seconds=0.2, transaction_seconds=0.3)
ASK = Statement(b"SELECT 7 AS it")()


class Road:
    """Between us and the server; `wedge` makes every connection of before swallow what is sent, as a fail-over does.

    The kernel sees nothing of it, as each side's packets are acknowledged.
    """

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._wedged = 0
        self.url = ""

    def wedge(self) -> None:
        self._wedged += 1

    async def open(self) -> asyncio.Server:
        server = await asyncio.start_server(self._travel, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = self._to._replace(netloc=self._to.netloc.replace(f":{self._to.port}", f":{port}")).geturl()
        return server

    async def _travel(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        there, on = await asyncio.open_connection(self._to.hostname, self._to.port)
        born = self._wedged

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65_536):
                    if born == self._wedged:
                        sink.write(data)
                        await sink.drain()
            except ConnectionError:
                pass
            finally:
                sink.close()

        await asyncio.gather(pump(here, on), pump(there, back))


@pytest.fixture
async def road(database_url: str) -> AsyncGenerator[Road]:
    road = Road(database_url)
    async with await road.open():
        yield road


@asynccontextmanager
async def warm(road: Road) -> AsyncGenerator[Database]:
    """Yield a database whose connections are all made."""
    async with Database(road.url, connections=CONNECTIONS, patience=SHORT) as database:
        await asyncio.gather(*(database.transact(lambda _: asyncio.sleep(0.1)) for _ in range(CONNECTIONS)))
        yield database


async def ask(trips: Trips) -> list[Row]:
    (found,) = await trips.go(ASK, commit=True)
    return found


async def test_a_silent_connection_costs_one_call_some_time_and_is_not_used_again(road: Road) -> None:
    async with warm(road) as database:
        road.wedge()
        started = time.monotonic()
        for _ in range(CONNECTIONS):
            with pytest.raises(StoreUnavailable):
                await database.transact(ask)
        assert time.monotonic() - started < 10
        for _ in range(3 * CONNECTIONS):
            assert await database.transact(ask) == [{"it": 7}]


async def test_a_caller_who_gives_up_on_a_silent_connection_is_let_go_and_gives_it_back(road: Road) -> None:
    async with warm(road) as database:
        road.wedge()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10), asyncio.timeout(0.1):
                await database.transact(ask)
        with pytest.raises(StoreUnavailable):
            await database.transact(ask)
        assert await database.transact(ask) == [{"it": 7}]


async def test_a_relay_on_silent_connections_goes_on_and_can_be_stopped(road: Road, database_url: str) -> None:
    make_tables(database_url)
    stop, policy = asyncio.Event(), RelayPolicy(topics=(PAYMENTS,))
    async with PostgresRelayOutbox(road.url, connections=CONNECTIONS, longest_seconds=0.5) as outbox:
        process = RelayProcess(outbox=outbox, log=MemoryEventLog({PAYMENTS: 1}), policy=policy, shards=1, stop=stop)
        running = asyncio.create_task(process.run())
        for number in (1, 2):
            insert(database_url, event(number))
            async with asyncio.timeout(30):
                while len(addresses(database_url)) < number:  # noqa: ASYNC110 - the table tells nobody
                    await asyncio.sleep(0.05)
            road.wedge()
        stop.set()
        await asyncio.wait_for(running, 20)
