"""PostgreSQL refuses to run as root; then the user `nobody` runs it, and no directory of root is opened for that."""

import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from sale_adapters.embedded.cache import cache_dir
from sale_adapters.embedded.errors import PartUnavailable

_USER = "nobody"
_SHARED_CACHE = Path("/var/cache/sale")


def unprivileged_user() -> tuple[int, int] | None:
    """Return the uid and gid to run PostgreSQL with, or None when ours will do.

    Raises:
        PartUnavailable: We are root and the system has no other user.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_USER)
    except KeyError:
        raise PartUnavailable(
            f"PostgreSQL does not run as root, and there is no user {_USER}: run Sale as another user."
        ) from None
    return entry.pw_uid, entry.pw_gid


def give(directory: Path, user: tuple[int, int] | None) -> None:
    """Make the user the owner of the directory and of everything in it; no effect when it is already."""
    if user is None or directory.stat().st_uid == user[0]:
        return
    for folder, _, files in os.walk(directory, topdown=False):
        for file in files:
            os.chown(Path(folder, file), *user, follow_symlinks=False)
        # The top comes last, so that an interrupted walk is taken up again.
        os.chown(folder, *user)


def reachable(tree: Path, *, parts: tuple[str, ...], name: str) -> Path:
    """Return a directory that holds the parts of `tree` and that any user can reach: itself, or a copy kept for later.

    Args:
        tree: A directory of programs.
        parts: The entries of `tree` that belong together.
        name: The name of the copy; it must change with the content.
    """
    if _open_to_all(tree):
        return tree
    cache = cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    copy = (cache if _open_to_all(cache) else _SHARED_CACHE) / name
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        _copy(tree, parts, copy)
    return copy


def _open_to_all(directory: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (directory, *directory.parents))


def _copy(tree: Path, parts: tuple[str, ...], copy: Path) -> None:
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix=".copying-") as temporary:
        fresh = Path(temporary, copy.name)
        for part in parts:
            shutil.copytree(tree / part, fresh / part, symlinks=True)
        for folder, _, files in os.walk(fresh):
            Path(folder).chmod(0o755)
            for file in files:
                path = Path(folder, file)
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            fresh.rename(copy)
        except OSError:
            # Another process was faster, which is as good.
            if not copy.exists():
                raise
