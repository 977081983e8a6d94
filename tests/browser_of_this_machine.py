"""A Chromium for the tests: from PATH, else Playwright's own, else Debian's package, put in place here."""

import shutil
from pathlib import Path

import debian

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ADVICE = (
    "The board's tests need a Chromium. Install one so that it is on PATH, or let Playwright fetch its own "
    "(.venv/bin/playwright install chromium)"
)


def chromium(playwrights_own: str) -> str:
    """Return the path of a Chromium.

    Args:
        playwrights_own: Where Playwright would keep its own.

    Raises:
        debian.NotHere: there is none, and this machine takes no package of Debian's.
    """
    if found := _on_path() or _there(playwrights_own):
        return found
    debian.installed("chromium", advice=_ADVICE)
    if found := _on_path() or _there("/usr/bin/chromium"):
        return found
    raise debian.NotHere(f"{_ADVICE}.")


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _there(path: str) -> str | None:
    return path if Path(path).is_file() else None
