"""A real PgBouncer in transaction mode in front of a PostgreSQL, as a part like the others."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import psycopg

from pgbouncer_of_this_machine import pgbouncer
from sale_adapters.embedded import ChildProcess, free_ports
from sale_adapters.embedded.unprivileged import give, unprivileged_user


@attrs.define(kw_only=True)
class PgBouncer:
    """One pooler; its clients share so few connections to the server that none can count on its own.

    Attributes:
        data_dir: Where its settings and its log are.
        server_url: Any database of the server behind it; every database of it can be asked for.
        servers: How many connections to the server it has at most, for each database.
        prepared: How many prepared statements it remembers; 0 is how it was before it knew them.
        process: The running pooler, after `start`.
    """

    name = "pgbouncer"

    data_dir: Path
    server_url: str
    servers: int = 2
    prepared: int = 200
    process: ChildProcess = attrs.field(init=False)
    _port: int = attrs.field(factory=lambda: free_ports(1)[0], init=False)

    @property
    def url(self) -> str:
        """Return the URL of the server's database, by way of the pooler."""
        return self.through(self.server_url)

    def through(self, url: str) -> str:
        """Return the URL of another database of the server, by way of the pooler."""
        return urlsplit(url)._replace(netloc=f"sale@127.0.0.1:{self._port}").geturl()

    async def start(self) -> None:
        """Start it, and return when it has reached the server.

        Raises:
            PartFailed: It ended or did not answer.
        """
        user = unprivileged_user()
        settings = self.data_dir / "pgbouncer.ini"
        settings.write_text(self._settings())
        give(self.data_dir, user)
        self.process = ChildProcess(
            name="PgBouncer",
            # Whom the directory belongs to may not be allowed to walk down to it, but is there already.
            argv=(*await asyncio.to_thread(pgbouncer), settings.name),
            cwd=self.data_dir,
            user=user,
            log=self.data_dir / "pgbouncer.log",
        )
        await self.process.start(ready=self._answers)

    async def stop(self) -> None:
        """Stop it."""
        if hasattr(self, "process"):
            await self.process.stop()

    def _settings(self) -> str:
        server = urlsplit(self.server_url)
        return (
            f"[databases]\n* = host={server.hostname} port={server.port} user=sale\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self._port}\nunix_socket_dir =\n"
            f"auth_type = any\npool_mode = transaction\ndefault_pool_size = {self.servers}\n"
            f"max_prepared_statements = {self.prepared}\nquery_wait_timeout = 1\nserver_login_retry = 1\n"
        )

    async def _answers(self) -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(self.url, autocommit=True, connect_timeout=2)
        except psycopg.OperationalError:
            return False
        async with connection:
            return True
