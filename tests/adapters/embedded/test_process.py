"""A child process is started, awaited, stopped, and never left behind."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from processes import alive, eventually
from sale_adapters.embedded import ChildProcess, PartFailed


def child(tmp_path: Path, program: str) -> ChildProcess:
    return ChildProcess(name="Oven", argv=(sys.executable, "-c", program), log=tmp_path / "oven.log")


async def never() -> bool:
    return False


async def test_an_early_end_is_told_with_the_exit_code_and_the_end_of_this_starts_log(tmp_path: Path) -> None:
    (tmp_path / "oven.log").write_text("yesterday it was warm\n")
    oven = child(tmp_path, "print('no gas'); raise SystemExit(7)")

    with pytest.raises(PartFailed, match=r"(?s)Oven ended with exit code 7 before it was ready.*\nno gas") as failure:
        await oven.start(ready=never)

    assert "yesterday" not in str(failure.value)
    assert (tmp_path / "oven.log").read_text() == "yesterday it was warm\nno gas\n"


async def test_a_child_that_is_never_ready_is_ended_and_told(tmp_path: Path) -> None:
    oven = child(tmp_path, "import time; print('heating', flush=True); time.sleep(60)")

    with pytest.raises(PartFailed, match=r"(?s)was not ready after 0.5 seconds.*heating"):
        await oven.start(ready=never, timeout_seconds=0.5)

    assert not alive(oven.pid)


async def test_a_cancelled_start_leaves_nothing_running(tmp_path: Path) -> None:
    oven = child(tmp_path, "import time; time.sleep(60)")
    starting = asyncio.create_task(oven.start(ready=never))
    await asyncio.sleep(0)
    assert oven.running

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    assert not alive(oven.pid)


async def test_stop_asks_first(tmp_path: Path) -> None:
    oven = child(
        tmp_path,
        "import signal, time; signal.signal(15, lambda *_: exit(print('cooled down'))); print('hot', flush=True)\n"
        "time.sleep(60)",
    )
    await oven.start(ready=_logged(oven, "hot"))

    await oven.stop()

    assert oven.log_tail() == "hot\ncooled down"


async def test_stop_forces_a_child_that_does_not_listen(tmp_path: Path) -> None:
    oven = child(
        tmp_path, "import signal, time; signal.signal(15, signal.SIG_IGN); print('hot', flush=True); time.sleep(60)"
    )
    await oven.start(ready=_logged(oven, "hot"))

    await oven.stop(timeout_seconds=0.2)

    assert await oven.wait() == -9


async def test_ctrl_c_in_the_terminal_does_not_reach_the_child(tmp_path: Path) -> None:
    oven = child(tmp_path, "import time; time.sleep(60)")
    await oven.start()

    assert os.getsid(oven.pid) == oven.pid != os.getsid(0)

    await oven.stop()


async def test_a_child_runs_to_its_end_and_a_bad_end_is_told(tmp_path: Path) -> None:
    await child(tmp_path, "print('baked')").run()
    assert (tmp_path / "oven.log").read_text() == "baked\n"

    with pytest.raises(PartFailed, match=r"(?s)Oven failed with exit code 1.*burnt"):
        await child(tmp_path, "raise SystemExit('burnt')").run()
    with pytest.raises(PartFailed, match=r"did not end within 0.2 seconds"):
        await child(tmp_path, "import time; time.sleep(60)").run(timeout_seconds=0.2)


async def test_a_child_can_be_started_again_after_its_death(tmp_path: Path) -> None:
    oven = child(tmp_path, "import time; time.sleep(60)")
    await oven.start()
    first = oven.pid
    os.kill(first, 9)
    assert await oven.wait() == -9

    await oven.start()

    assert oven.running
    assert oven.pid != first
    await oven.stop()
    assert await eventually(lambda: not alive(oven.pid))


async def test_a_child_gets_no_environment_but_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    await child(tmp_path, "import os; print('JAVA_TOOL_OPTIONS' in os.environ)").run()
    assert (tmp_path / "oven.log").read_text() == "False\n"


def _logged(process: ChildProcess, line: str) -> Callable[[], Awaitable[bool]]:
    async def logged() -> bool:
        return line in process.log_tail()

    return logged
