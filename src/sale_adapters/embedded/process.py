"""One supervised child process: started, awaited until it answers, stopped, and never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import attrs

from sale_adapters.embedded import leash
from sale_adapters.embedded.errors import PartFailed

Probe = Callable[[], Awaitable[bool]]

# Children get this and what they are given, so that a PGOPTIONS or JAVA_TOOL_OPTIONS of the user cannot bend them.
PLAIN_ENVIRONMENT: Mapping[str, str] = {"LC_ALL": "C", "PATH": os.defpath}

_POLL_SECONDS = 0.02
_TAIL_LINES = 20


async def _at_once() -> bool:
    return True


@attrs.define(kw_only=True)
class ChildProcess:
    """A command in a session of its own (a terminal's Ctrl-C does not reach it), on a leash held by this process.

    Start it from a thread that lives as long as the child shall (the main thread): on Linux the leash is
    tied to the thread.

    Attributes:
        name: What messages call it.
        argv: The command; its first word is the path of a program.
        env: Its whole environment.
        log: Where its output is appended.
        cwd: Its working directory.
        user: The uid and gid it runs with; None keeps ours.
        inherits: Open file descriptors that it and its children get, such as a directory's lock.
        stop_signal: Asks it to end in good order.
        leash_signal: What it gets from the kernel when this process dies.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = PLAIN_ENVIRONMENT
    cwd: Path | None = None
    user: tuple[int, int] | None = None
    inherits: tuple[int, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    leash_signal: signal.Signals = signal.SIGKILL
    _popen: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False)
    _log_start: int = attrs.field(default=0, init=False)

    @property
    def pid(self) -> int:
        """Return the command's own process id."""
        assert self._popen is not None, f"{self.name} was never started"
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Say whether the process was started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    async def start(self, *, ready: Probe = _at_once, timeout_seconds: float = 60.0) -> None:
        """Start the command and wait until `ready` says so; on any failure nothing is left running.

        Raises:
            PartFailed: It ended early, or was not ready in time; the message ends with the tail of its log.
        """
        self._spawn()
        try:
            await self._until(ready, timeout_seconds)
        except BaseException:
            self.kill()
            raise

    async def run(self, *, timeout_seconds: float = 60.0) -> None:
        """Start the command and wait until it ended well.

        Raises:
            PartFailed: Its exit code is not 0, or the time is over; the message ends with the tail of its log.
        """
        self._spawn()
        try:
            async with asyncio.timeout(timeout_seconds):
                code = await self.wait()
        except TimeoutError:
            raise self._failed(f"{self.name} did not end within {timeout_seconds:g} seconds") from None
        finally:
            self.kill()
        if code:
            raise self._failed(f"{self.name} failed with exit code {code}")

    async def wait(self) -> int:
        """Wait until the process ends, and return its exit code (negative: the signal that ended it)."""
        while self.running:  # noqa: ASYNC110 - not every system has an event for the end of a process
            await asyncio.sleep(_POLL_SECONDS)
        return self._code()

    async def stop(self, *, timeout_seconds: float = 15.0) -> None:
        """End the process in good order, and by force when the time is over or the caller is cancelled."""
        if not self.running:
            return
        os.kill(self.pid, self.stop_signal)
        try:
            async with asyncio.timeout(timeout_seconds):
                await self.wait()
        except TimeoutError:
            pass
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process and its process group by force, at once; no effect when it has ended."""
        if self.running:
            os.killpg(self.pid, signal.SIGKILL)
            self._code()

    def log_tail(self) -> str:
        """Return the last lines that the process wrote since its latest start."""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    async def _until(self, ready: Probe, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            answered = await ready()
            # An answer is not its own when it has ended: a stranger may listen on the port.
            if not self.running:
                raise self._failed(f"{self.name} ended with exit code {self._code()} before it was ready")
            if answered:
                return
            if time.monotonic() > deadline:
                raise self._failed(f"{self.name} was not ready after {timeout_seconds:g} seconds")
            await asyncio.sleep(_POLL_SECONDS)

    def _spawn(self) -> None:
        assert not self.running, f"{self.name} is running"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        options = ["--signal", str(int(self.leash_signal))]
        if self.user:
            options += ["--user", "{}:{}".format(*self.user)]
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._popen = subprocess.Popen(  # noqa: S603 - the commands are this package's own
                [sys.executable, "-I", "-S", leash.__file__, *options, str(os.getpid()), "--", *self.argv],
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.inherits,
            )

    def _code(self) -> int:
        assert self._popen is not None, f"{self.name} was never started"
        return self._popen.wait()

    def _failed(self, sentence: str) -> PartFailed:
        return PartFailed(f"{sentence}. The end of {self.log}:\n{self.log_tail()}")
