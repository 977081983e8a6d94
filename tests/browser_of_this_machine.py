"""A Chromium for the tests: from PATH, else Playwright's own, else Debian's package, put in place here."""

import os
import shutil
import subprocess
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ADVICE = (
    "The board's tests need a Chromium. Install one so that `chromium` is on PATH, or let Playwright fetch its own: "
    ".venv/bin/playwright install chromium"
)


class NoBrowser(Exception):
    """There is no Chromium here, and none could be put in place; the message says what to do."""


def chromium(playwrights_own: str) -> str:
    """Return the path of a Chromium.

    Args:
        playwrights_own: Where Playwright would keep its own.

    Raises:
        NoBrowser: there is none, and this machine takes no package of Debian's.
    """
    return _on_path() or _there(playwrights_own) or _installed()


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _there(path: str) -> str | None:
    return path if Path(path).is_file() else None


def _installed() -> str:
    apt = shutil.which("apt-get")
    rights = [] if os.geteuid() == 0 else [shutil.which("sudo"), "-n"]
    if apt is None or None in rights:
        raise NoBrowser(_ADVICE)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (("update", "-qq"), ("install", "-y", "-qq", "--no-install-recommends", "chromium")):
        command = [*(word for word in rights if word), apt, *step]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=quiet)  # noqa: S603 - apt-get
        if done.returncode:
            raise NoBrowser(f"{_ADVICE}\n`{' '.join(command)}` said: {done.stderr.strip()}")
    return _on_path() or _there("/usr/bin/chromium") or _nowhere()


def _nowhere() -> str:
    raise NoBrowser(_ADVICE)
