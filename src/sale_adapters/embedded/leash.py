"""Run a command that dies with its parent, whatever kills the parent.

Executed as a script (`python -I -S leash.py [--signal N] [--user UID:GID] PARENT_PID -- COMMAND…`), so it imports
the standard library alone. It becomes the command, hence the process id that the parent sees is the command's own.
"""

import argparse
import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.5
_PARENT_IS_GONE = 3


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then become the command.

    Args:
        arguments: See the module; the signal is what the command gets when the parent dies.
    """
    before, command = _split(arguments)
    parser = argparse.ArgumentParser(prog="leash")
    parser.add_argument("--signal", type=int, default=int(signal.SIGKILL))
    parser.add_argument("--user")
    parser.add_argument("--poll", action="store_true", help="watch the parent from a process of its own, as on macOS")
    parser.add_argument("parent", type=int)
    options = parser.parse_args(before)
    if options.user:
        # First the user, then the death signal: the kernel forgets the signal when the user changes.
        _become(options.user)
    if options.poll or not _die_with_the_parent(options.signal):
        _watch_from_a_fork(options.parent, options.signal)
    if os.getppid() != options.parent:
        # The parent died before the signal was asked for, so it will never come.
        sys.exit(_PARENT_IS_GONE)
    os.execv(command[0], command)  # noqa: S606 - becoming the command is the purpose


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def _become(user: str) -> None:
    uid, gid = (int(part) for part in user.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _die_with_the_parent(number: int) -> bool:
    """Ask the kernel for a signal at the parent's death; false where it cannot (only Linux can)."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) == 0)


def _watch_from_a_fork(parent: int, number: int) -> None:
    """Leave a watcher behind that looks twice a second whether the parent and the command still live."""
    command = os.getpid()
    if os.fork():
        return
    # The watcher must not keep the command's locks and log open once the command is gone.
    os.closerange(0, os.sysconf("SC_OPEN_MAX"))
    while os.getppid() == command:
        if not _alive(parent):
            os.kill(command, number)
            break
        time.sleep(_POLL_SECONDS)
    os._exit(0)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
