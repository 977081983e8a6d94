"""Programs of this machine that Debian packages and no Python package brings: found on PATH, else put in place."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sale_adapters.embedded.cache import cache_dir


class NotHere(Exception):
    """A program is not here, and could not be put in place; the message says what to do."""


def installed(package: str, *, advice: str) -> None:
    """Install a package with all that it needs.

    Raises:
        NotHere: this machine takes no package of Debian's.
    """
    _done([*_as_root(advice), "update", "-qq"], advice=advice)
    _done([*_as_root(advice), "install", "-y", "-qq", "--no-install-recommends", package], advice=advice)


def unpacked(package: str, *, advice: str) -> Path:
    """Return the folder that a package's files lie in; it is not installed, so that no server of it starts.

    Raises:
        NotHere: this machine takes no package of Debian's.
    """
    place = cache_dir() / f"debian-{package}"
    if not place.is_dir():
        _done([*_as_root(advice), "update", "-qq"], advice=advice)
        fetching = cache_dir() / f"debian-{package}.{os.getpid()}"
        fetching.mkdir(parents=True)
        _done(["apt-get", "download", "-qq", package], advice=advice, folder=fetching)
        (archive,) = fetching.glob("*.deb")
        _done(["dpkg-deb", "-x", str(archive), str(fetching / "files")], advice=advice)
        (fetching / "files").rename(place)
        shutil.rmtree(fetching)
    return place


def _as_root(advice: str) -> Sequence[str]:
    sudo = [] if os.geteuid() == 0 else [shutil.which("sudo"), "-n"]
    command = [*sudo, shutil.which("apt-get")]
    if None in command:
        raise NotHere(advice)
    return [word for word in command if word]


def _done(command: Sequence[str], *, advice: str, folder: Path | None = None) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=quiet, cwd=folder)  # noqa: S603 - apt
    if done.returncode:
        raise NotHere(f"{advice}\n`{' '.join(command)}` said: {done.stderr.strip()}")
