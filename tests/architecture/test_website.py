"""The site of documents is not built when a page leads nowhere or would fetch something from another host."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from website import BrokenSite, Page, build, sections

HOME = Page(path=Path("README.md"), text="# Sale\n\n[tea](docs/tea.md#hot)\n\n![the board](docs/board-kitchen.png)\n")
TEA = "# Tea\n\n## Hot\n\n"


def menu(tea: str) -> Mapping[str, tuple[Page, ...]]:
    return {"Home": (HOME,), "Tea": (Page(path=Path("docs/tea.md"), text=tea),)}


def test_pages_keep_their_paths_and_diagrams_are_drawn_beforehand(tmp_path: Path) -> None:
    build(menu(TEA + "```mermaid\nstateDiagram-v2\n    [*] --> DRAFT\n```\n"), tmp_path / "site")

    page = (tmp_path / "site" / "docs" / "tea.html").read_text()
    assert 'src="tea-1.svg"' in page
    assert "mermaid" not in page
    assert "DRAFT" in (tmp_path / "site" / "docs" / "tea-1.svg").read_text()
    assert (tmp_path / "site" / "docs" / "board-kitchen.png").exists()


@pytest.mark.parametrize(
    ("tea", "why"),
    [
        (TEA + "[code](../src/no_such_file.py)", "docs/tea.md names src/no_such_file.py, which is no file"),
        (TEA + "[house](../src)", "docs/tea.md names src, which is no file"),
        ("# Tea\n\n## Cold\n", "anchor does not exist"),
        (TEA + "<script src='https://cdn.example/tea.js'></script>", "Pages would fetch https://cdn.example/tea.js"),
        (TEA + "![tea](https://pictures.example/tea.png)", "Pages would fetch https://pictures.example/tea.png"),
    ],
)
def test_a_page_that_leads_nowhere_or_abroad_is_refused(tmp_path: Path, tea: str, why: str) -> None:
    with pytest.raises(BrokenSite) as broken:
        build(menu(tea), tmp_path / "site")

    assert why in str(broken.value)
    assert not (tmp_path / "site").exists()


def test_every_page_of_the_tree_is_on_the_site() -> None:
    root = Path(__file__).parents[2]
    on_it = {page.path for part in sections().values() for page in part}
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "deploy").rglob("*.md")]
    assert {page.relative_to(root) for page in pages} == on_it
