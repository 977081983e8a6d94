"""Where fetched and copied programs are kept for every later start."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """Return `SALE_CACHE_DIR`, else `sale` in the user's cache directory; it may not exist yet."""
    chosen = os.environ.get("SALE_CACHE_DIR")
    if chosen:
        return Path(chosen).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sale"
