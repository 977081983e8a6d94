"""A PgBouncer that knows prepared statements: from PATH, else of a newer Debian, unpacked beside this one's."""

import re
import shutil

import debian
from sale_adapters.embedded.unprivileged import reachable

_KNOWS_SINCE = (1, 21)
_SUITE = "trixie"
_PACKAGES = ("pgbouncer", "libc6", "libevent-2.1-7t64", "libcares2", "libssl3t64", "libpam0g", "libsystemd0")
_ADVICE = "The pooler's tests need PgBouncer 1.21 or newer on PATH, or a Debian whose apt-get can fetch one"


def pgbouncer() -> tuple[str, ...]:
    """Return the command that runs it, as any user.

    Raises:
        debian.NotHere: there is none, and this machine takes no package of Debian's.
    """
    own = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if own and _version(own) >= _KNOWS_SINCE:
        return (own,)
    home = debian.unpacked(*_PACKAGES, suite=_SUITE, advice=_ADVICE)
    tree = reachable(home, parts=("usr",), name=home.name)
    (loader,) = (tree / "usr").glob("lib64/ld-linux-*")
    (libraries,) = (tree / "usr/lib").glob("*-linux-gnu")
    return str(loader), "--library-path", str(libraries), str(tree / "usr/sbin/pgbouncer")


def _version(program: str) -> tuple[int, ...]:
    found = re.search(r"PgBouncer (\d+)\.(\d+)", debian.run(program, "--version", advice=_ADVICE))
    return tuple(map(int, found.groups())) if found else ()
