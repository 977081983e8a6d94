"""A PgBouncer that knows prepared statements: from PATH, else of a newer Debian, unpacked beside this one's."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

from sale_adapters.embedded.cache import cache_dir
from sale_adapters.embedded.unprivileged import reachable

_KNOWS_SINCE = (1, 21)
_SUITE = "trixie"
_PACKAGES = ("pgbouncer", "libc6", "libevent-2.1-7t64", "libcares2", "libssl3t64", "libpam0g", "libsystemd0")
_SIGNED = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_ADVICE = "The pooler's tests need PgBouncer 1.21 or newer on PATH, or a Debian whose apt-get can fetch one"


class NoPgBouncer(Exception):
    """There is none here that would do, and none could be fetched; the message says what to do."""


def pgbouncer() -> tuple[str, ...]:
    """Return the command that runs it, as any user.

    Raises:
        NoPgBouncer: There is none, and this machine takes no package of Debian's.
    """
    own = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if own and _version((own,)) >= _KNOWS_SINCE:
        return (own,)
    home = cache_dir() / f"pgbouncer-{_SUITE}"
    if not home.exists():
        _fetch(home)
    tree = reachable(home, parts=("usr",), name=home.name)
    (loader,) = (tree / "usr").glob("lib64/ld-linux-*")
    (libraries,) = (tree / "usr/lib").glob("*-linux-gnu")
    return str(loader), "--library-path", str(libraries), str(tree / "usr/sbin/pgbouncer")


def _version(command: tuple[str, ...]) -> tuple[int, ...]:
    told = _run(*command, "--version")
    found = re.search(r"PgBouncer (\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else ()


def _fetch(home: Path) -> None:
    """Fetch the packages as apt does, signatures and all, without a trace in the system's own apt."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".fetching-") as temporary:
        place = Path(temporary)
        for folder in ("lists/partial", "cache/archives/partial", "parts", "debs", "tree"):
            (place / folder).mkdir(parents=True)
        (place / "parts" / "one.list").write_text(f"deb [signed-by={_SIGNED}] {_mirror()} {_SUITE} main\n")
        given = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": str(place / "parts"),
            "Dir::State::lists": str(place / "lists"),
            "Dir::Cache": str(place / "cache"),
            "APT::Sandbox::User": "",
        }
        options = [word for name, value in given.items() for word in ("-o", f"{name}={value}")]
        _run("apt-get", *options, "update", "-qq")
        _run("apt-get", *options, "download", "-qq", *_PACKAGES, cwd=place / "debs")
        for package in (place / "debs").glob("*.deb"):
            _run("dpkg-deb", "-x", str(package), str(place / "tree"))
        try:
            (place / "tree").rename(home)
        except OSError:
            # Another process was faster, which is as good.
            if not home.exists():
                raise


def _mirror() -> str:
    """Return where this machine has its packages from."""
    told = _run("apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(REPO_URI)", "Created-By: Packages")
    found = (line.split() for line in told.splitlines() if line.startswith("Debian main "))
    # Of a mirror's archives, security's is another one.
    return next((uri for *_, uri in found if "security" not in uri), None) or _nowhere("none of Debian's is known")


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - apt-get, dpkg-deb, pgbouncer
            command, check=False, capture_output=True, text=True, cwd=cwd, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        _nowhere(f"there is no {command[0]}")
    if done.returncode:
        _nowhere(f"`{command[0]} {command[-1]}` said: {done.stderr.strip()}")
    return done.stdout


def _nowhere(reason: str) -> NoReturn:
    raise NoPgBouncer(f"{_ADVICE}: {reason}.")
