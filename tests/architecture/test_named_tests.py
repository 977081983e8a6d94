"""A page that names a test as its proof names one that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")
PAGES = sorted((ROOT / "docs").rglob("*.md"))
CLAIMING = ("docs/explanation/when-a-neighbour-is-sick.md", "docs/reference/limits.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    missing = [f"{path}::{name}" for path, name in NAMED.findall(page.read_text()) if not _is_there(path, name)]
    assert not missing


@pytest.mark.parametrize("page", CLAIMING)
def test_every_row_of_a_page_of_promises_names_its_test(page: str) -> None:
    rows = [line for line in (ROOT / page).read_text().splitlines() if line.startswith("| ") and "| ---" not in line]
    assert [row for row in rows if not (NAMED.search(row) or "| proof |" in row)] == []
    assert len(rows) > 6


def _is_there(path: str, name: str) -> bool:
    module = ROOT / path
    if not module.exists():
        return False
    tree = ast.walk(ast.parse(module.read_text()))
    return not name or name in {each.name for each in tree if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
