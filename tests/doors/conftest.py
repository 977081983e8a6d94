"""Wheel, sdist and four empty environments, each made once and only when asked for."""

from pathlib import Path

import pytest

from built import ROOT, build, environment_with


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build wheel and sdist; return where they are."""
    home = tmp_path_factory.mktemp("dist")
    build(ROOT, home)
    return home


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    (only,) = dist.glob("*.whl")
    return only


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with the wheel and attrs alone."""
    return environment_with(tmp_path_factory.mktemp("bare") / "env", wheel, "attrs")


@pytest.fixture(scope="session")
def calling(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with what `sale[client]` brings."""
    pins = ("--require-hashes", "-r", "requirements/client.txt")
    return environment_with(tmp_path_factory.mktemp("calling") / "env", wheel, *pins)


@pytest.fixture(scope="session")
def serving(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with what a service is pinned to."""
    pins = ("--require-hashes", "-r", "requirements/service.txt")
    return environment_with(tmp_path_factory.mktemp("serving") / "env", wheel, *pins)


@pytest.fixture(scope="session")
def strangers(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with what `sale[testing]` brings."""
    pins = ("--require-hashes", "-r", "requirements/testing.txt")
    return environment_with(tmp_path_factory.mktemp("strangers") / "env", wheel, *pins)
