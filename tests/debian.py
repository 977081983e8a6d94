"""Programs that Debian packages and no Python package brings: installed, or unpacked where nobody else sees them."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

from sale_adapters.embedded.cache import cache_dir

_SIGNED = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class NotHere(Exception):
    """A program is not here, and could not be put in place; the message says what to do."""


def installed(package: str, *, advice: str) -> None:
    """Install a package with all that it needs.

    Raises:
        NotHere: this machine takes no package of Debian's.
    """
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    run(*sudo, "apt-get", "update", "-qq", advice=advice)
    run(*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package, advice=advice)


def unpacked(*packages: str, suite: str, advice: str) -> Path:
    """Return the folder that the packages' files lie in, those of a release of Debian's that need not be this one.

    They are fetched once, signatures and all, without a trace in the system's own apt; no server of theirs starts.

    Raises:
        NotHere: this machine cannot fetch packages of Debian's.
    """
    home = cache_dir() / f"{packages[0]}-{suite}"
    if home.exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".fetching-") as temporary:
        place = Path(temporary)
        for folder in ("lists/partial", "cache/archives/partial", "parts", "debs", "tree"):
            (place / folder).mkdir(parents=True)
        (place / "parts" / "one.list").write_text(f"deb [signed-by={_SIGNED}] {_mirror(advice)} {suite} main\n")
        given = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": str(place / "parts"),
            "Dir::State::lists": str(place / "lists"),
            "Dir::Cache": str(place / "cache"),
            "APT::Sandbox::User": "",
        }
        options = [word for name, value in given.items() for word in ("-o", f"{name}={value}")]
        run("apt-get", *options, "update", "-qq", advice=advice)
        run("apt-get", *options, "download", "-qq", *packages, cwd=place / "debs", advice=advice)
        for package in (place / "debs").glob("*.deb"):
            run("dpkg-deb", "-x", str(package), str(place / "tree"), advice=advice)
        try:
            (place / "tree").rename(home)
        except OSError:
            # Another process was faster, which is as good.
            if not home.exists():
                raise
    return home


def run(*command: str, advice: str, cwd: Path | None = None) -> str:
    """Return what a command prints.

    Raises:
        NotHere: it is not there, or failed.
    """
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    if shutil.which(command[0]) is None:
        _nowhere(advice, f"there is no {command[0]}")
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd, env=quiet)  # noqa: S603 - ours
    if done.returncode:
        _nowhere(advice, f"`{' '.join(command)}` said: {done.stderr.strip()}")
    return done.stdout


def _mirror(advice: str) -> str:
    """Return where this machine has its packages from."""
    wanted = ("--format", "$(ORIGIN) $(COMPONENT) $(REPO_URI)", "Created-By: Packages")
    told = run("apt-get", "indextargets", *wanted, advice=advice)
    found = (line.split() for line in told.splitlines() if line.startswith("Debian main "))
    # Of a mirror's archives, security's is another one.
    mirror = next((uri for *_, uri in found if "security" not in uri), None)
    return mirror or _nowhere(advice, "no mirror of Debian's is known")


def _nowhere(advice: str, reason: str) -> NoReturn:
    raise NotHere(f"{advice}: {reason}.")
