"""The second door, from the wheel: another service's suite runs with what `sale[testing]` brings and nothing else."""

import json
import shutil
from pathlib import Path

from built import ROOT, ran

SUITE = ROOT / "examples" / "tests_of_another_service"
LOADED = """
import json, sys
from pathlib import Path
import pytest

class Look:
    def pytest_sessionfinish(self, session):
        heavy = {"sale_adapters", "sale_domain", "starlette", "httpx"}
        Path("loaded.json").write_text(json.dumps(sorted(heavy & set(sys.modules))))

pytest.main(["-q"], plugins=[Look()])
"""


def test_the_stranger_s_suite_is_green_with_warnings_as_errors(strangers: Path, tmp_path: Path) -> None:
    shutil.copytree(SUITE, tmp_path / "loyalty", ignore=shutil.ignore_patterns("__pycache__"))
    told = ran(strangers, "-m", "pytest", "-q", "-W", "error", cwd=tmp_path / "loyalty")
    assert told.splitlines()[-1].startswith("5 passed")


def test_whoever_asks_for_no_fixture_loads_nothing_of_sale_s(strangers: Path, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine():\n    assert 1 + 1 == 2\n")
    assert "1 passed" in ran(strangers, "-c", LOADED, cwd=tmp_path)
    assert json.loads((tmp_path / "loaded.json").read_text()) == []


def test_the_whole_service_is_composed_in_less_than_50_ms_and_without_a_driver(strangers: Path, tmp_path: Path) -> None:
    program = """
import json, sys, time
from sale_app.in_memory import compose_in_memory
compose_in_memory().asgi()
def lap():
    started = time.process_time()
    compose_in_memory().asgi()
    return time.process_time() - started
drivers = {"sqlalchemy", "psycopg", "redis", "kafka", "alembic", "uvicorn", "typer"} & set(sys.modules)
print(json.dumps([min(lap() for _ in range(5)), sorted(drivers)]))
"""
    seconds, drivers = json.loads(ran(strangers, "-c", program, cwd=tmp_path))
    assert seconds < 0.05
    assert drivers == []
