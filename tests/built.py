"""Sale as strangers get it: built here, installed into environments that hold nothing else."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
EPOCH = "1767598200"
"""The time that every file in an archive gets: 2026-01-05T07:30:00Z."""


def ran(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it said; a test fails with all that it said."""
    # Nothing of this tree may help: no path, no settings, no plugin but what is installed there.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "SALE_"))}
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command],
        cwd=cwd,
        env=kept | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(tree: Path, into: Path) -> dict[str, bytes]:
    """Build wheel and sdist of a source tree; return their names and bytes."""
    command = (sys.executable, "-m", "hatchling", "build", "-d", into)
    ran(*command, cwd=tree, environment={"SOURCE_DATE_EPOCH": EPOCH})
    return {path.name: path.read_bytes() for path in sorted(into.iterdir()) if path.suffix in {".whl", ".gz"}}


def environment_with(home: Path, wheel: Path, *requirements: str) -> Path:
    """Make an environment with these (files of pins need a hash for every part) and the wheel; return its Python."""
    python = home / "bin" / "python"
    ran(_uv(), "venv", "--quiet", "--python", sys.executable, home, cwd=ROOT)
    install = (_uv(), "pip", "install", "--quiet", "--python", python)
    if requirements:
        ran(*install, *requirements, cwd=ROOT)
    ran(*install, "--no-deps", "--offline", wheel, cwd=ROOT)
    return python


def _uv() -> Path:
    return Path(sys.executable).with_name("uv")
