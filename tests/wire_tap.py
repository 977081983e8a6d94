"""A wire between us and PostgreSQL that can be cut at the worst moment."""

import asyncio
from typing import Self
from urllib.parse import urlsplit

from overheard import Overheard


class WireTap:
    """A TCP proxy; an asynchronous context manager.

    Attributes:
        cut_at_next_answer: Set it, and the server's next answer is thrown away with its connection.
        no_answer_to: Bytes; once a connection has said any of them, its answers are held back for ever.
        clients: What each connection has said, in the order they came.
    """

    def __init__(self, database_url: str) -> None:
        self.cut_at_next_answer = False
        self.no_answer_to: tuple[bytes, ...] = ()
        self.clients: list[Overheard] = []
        self._target = urlsplit(database_url)
        self._writers: list[asyncio.StreamWriter] = []
        self._pumps: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        return self._target._replace(netloc=f"{self._target.username}@127.0.0.1:{port}").geturl()

    async def _serve(self, ours: asyncio.StreamReader, to_us: asyncio.StreamWriter) -> None:
        theirs, to_them = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers += (to_us, to_them)
        silenced, client = asyncio.Event(), Overheard()
        self.clients.append(client)
        self._pumps += (
            asyncio.create_task(self._ask(ours, to_them, silenced, client)),
            asyncio.create_task(self._answer(theirs, to_us, silenced)),
        )

    async def _ask(
        self, ours: asyncio.StreamReader, to_them: asyncio.StreamWriter, silenced: asyncio.Event, client: Overheard
    ) -> None:
        while data := await ours.read(65_536):
            client.hear(data)
            if any(said in data for said in self.no_answer_to):
                silenced.set()
            to_them.write(data)
        to_them.close()

    async def _answer(self, theirs: asyncio.StreamReader, to_us: asyncio.StreamWriter, silenced: asyncio.Event) -> None:
        while data := await theirs.read(65_536):
            if self.cut_at_next_answer:
                self.cut_at_next_answer = False
                break
            if not silenced.is_set():
                to_us.write(data)
        to_us.close()
