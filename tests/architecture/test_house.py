"""The rules of the house that no linter knows."""

import ast
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sale_domain
from sale_domain.events import KAFKA_TOPICS

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "src").rglob("*.py"))
EVERY = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
DOMAIN = ["sale_domain", *sorted(module.name for module in pkgutil.walk_packages(sale_domain.__path__, "sale_domain."))]

LONGEST_MODULE, LONGEST_FUNCTION = 350, 50
IMPURE = re.compile(
    r"\b(datetime\.now|datetime\.utcnow|date\.today|uuid\d?\(|random\.|time\.time|(?<!\.)(?<!def )open\()"
)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", EVERY, ids=_name)
def test_a_module_is_about_one_idea_and_says_which(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_MODULE
    assert ast.get_docstring(ast.parse(text)), "its docstring's first line says what it is about"


@pytest.mark.parametrize("path", EVERY, ids=_name)
def test_a_function_can_be_read_at_a_glance(path: Path) -> None:
    functions = (
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    long = {f.name: length for f in functions if (length := (f.end_lineno or 0) - f.lineno + 1) > LONGEST_FUNCTION}
    assert not long


@pytest.mark.parametrize("path", [p for p in MODULES if "sale_domain" in p.parts], ids=_name)
def test_the_domain_has_no_clock_no_chance_and_no_files(path: Path) -> None:
    assert not IMPURE.findall(path.read_text())


@pytest.mark.parametrize("name", DOMAIN)
def test_what_docstrings_show_is_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_library_needs_attrs_alone() -> None:
    program = (
        "import sys, sale_domain.sale, sale_domain.publishing; "
        "print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    )
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {_paths()!r}; {program}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    assert set(told.stdout.split()) <= {"attr", "attrs", "sale_domain", "__main__"}


def test_nothing_listens_to_what_inventory_tells_the_screens() -> None:
    """`material.stock-changed` is for screens (C4): Sale reads no topic but its own, and those by address only."""
    sources = {path: path.read_text() for path in MODULES}
    assert not [path for path, text in sources.items() if "stock-changed" in text]
    assert not [path for path, text in sources.items() if "kafka" in path.parts and ".subscribe(" in text]
    assert set(KAFKA_TOPICS) == {"payment.success", "kitchen-ticket-item.status-changed"}


def _paths() -> list[str]:
    import attrs  # noqa: PLC0415 - only its place is wanted

    return [str(ROOT / "src"), str(Path(attrs.__file__).parents[1])]
