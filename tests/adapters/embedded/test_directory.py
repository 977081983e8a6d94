"""A data directory has one user at a time; its ports stay the same when they can."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sale_adapters.embedded import ChildProcess, DirectoryInUse, free_ports
from sale_adapters.embedded.directory import exclusive
from sale_adapters.embedded.ports import is_free, kept_ports
from sale_adapters.embedded.unprivileged import give, reachable


async def test_a_second_user_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    async with exclusive(tmp_path / "lock"):
        with pytest.raises(DirectoryInUse, match=f"{tmp_path} is in use by process {os.getpid()}"):
            async with exclusive(tmp_path / "lock", timeout_seconds=0):
                pass
    async with exclusive(tmp_path / "lock", timeout_seconds=0):
        pass


async def test_a_child_that_inherits_the_lock_holds_it_until_it_is_gone(tmp_path: Path) -> None:
    async with exclusive(tmp_path / "lock") as lock:
        sleeper = ChildProcess(
            name="Sleeper",
            argv=(sys.executable, "-c", "import time; time.sleep(60)"),
            log=tmp_path / "log",
            inherits=(lock,),
        )
        await sleeper.start()

    with pytest.raises(DirectoryInUse):
        async with exclusive(tmp_path / "lock", timeout_seconds=0):
            pass
    await sleeper.stop()
    async with exclusive(tmp_path / "lock", timeout_seconds=0):
        pass


def test_ports_are_kept_while_they_are_free(tmp_path: Path) -> None:
    first = kept_ports(tmp_path / "ports.json", 2)
    assert kept_ports(tmp_path / "ports.json", 2) == first

    with socket.create_server(("127.0.0.1", first[1])):
        assert not is_free(first[1])
        second = kept_ports(tmp_path / "ports.json", 2)
        assert first[1] not in second
    assert kept_ports(tmp_path / "ports.json", 2) == second


def test_a_port_that_one_process_has_chosen_is_chosen_by_no_other_though_nobody_listens_yet(tmp_path: Path) -> None:
    theirs = kept_ports(tmp_path / "ports.json", 3)
    choose = (
        "import sys; from pathlib import Path; from sale_adapters.embedded import ports;"
        f" ports._CANDIDATES = {theirs!r} + tuple(ports._CANDIDATES)[:10];"
        " print(*ports.kept_ports(Path(sys.argv[1]), 3))"
    )

    other = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", choose, tmp_path / "ports.json"], capture_output=True, check=True, text=True
    )

    assert all(map(is_free, theirs))
    assert not set(map(int, other.stdout.split())) & set(theirs)


def test_free_ports_differ() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert all(map(is_free, ports))


def test_programs_in_a_closed_directory_are_copied_where_all_can_reach_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as cache:
        Path(cache).chmod(0o755)
        monkeypatch.setenv("SALE_CACHE_DIR", cache)
        home = tmp_path / "home"
        (home / "programs").mkdir(parents=True)
        home.chmod(0o700)
        (home / "programs" / "bake").write_text("oven")
        (home / "programs" / "bake").chmod(0o700)

        copy = reachable(home, parts=("programs",), name="bakery-1")

        assert copy == Path(cache).resolve() / "bakery-1"
        assert reachable(home, parts=("programs",), name="bakery-1") == copy
        assert (copy / "programs" / "bake").read_text() == "oven"
        assert stat.S_IMODE((copy / "programs" / "bake").stat().st_mode) == 0o755
        assert [entry.name for entry in Path(cache).iterdir()] == ["bakery-1"]
        assert reachable(copy, parts=("programs",), name="bakery-1") == copy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give things away")
def test_a_directory_is_given_with_everything_in_it(tmp_path: Path) -> None:
    (tmp_path / "cluster" / "base").mkdir(parents=True)
    (tmp_path / "cluster" / "base" / "1").write_text("dishes")

    give(tmp_path / "cluster", (65534, 65534))

    assert {path.stat().st_uid for path in (tmp_path / "cluster", *(tmp_path / "cluster").rglob("*"))} == {65534}
