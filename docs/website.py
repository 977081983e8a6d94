"""Build the documents as a site that asks no other host for anything: no fonts, no scripts, diagrams drawn beforehand.

The pages stay what they are on a git host; the site has them at the same paths, so the same links hold in both.
A link to a page, a heading or a file that is not there ends the build.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs
import mmdr

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
VIEW = re.compile(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+)')
FETCHED = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""")

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Home": ("README.md",),
    "Tutorial": ("docs/tutorial.md",),
    "How-to": ("docs/how-to/*.md",),
    "Reference": ("docs/reference/*.md",),
    "Explanation": ("ARCHITECTURE.md", "docs/explanation/*.md", "deploy/citus/README.md"),
    "Decisions": ("docs/decisions/README.md", "docs/decisions/0*.md"),
    "Glossary": ("docs/glossary.md",),
    "House": ("CONTRIBUTING.md", "CHANGELOG.md"),
}
"""The site's parts and what is in them; a new page is found by its folder."""

CONFIGURATION = """
site_name = "Sale"
site_description = "The order service of a point-of-sale platform"
docs_dir = "pages"
site_dir = "site"
use_directory_urls = false
[project.theme]
font = false
features = ["navigation.sections", "navigation.top", "content.code.copy", "toc.follow"]
[project.validation]
invalid_links = true
invalid_link_anchors = true
"""


class BrokenSite(Exception):
    """The site cannot be built; the message has a line for each reason."""


@attrs.frozen(kw_only=True)
class Page:
    """A page of the tree.

    Attributes:
        path: Where it lies, below the root.
        text: Its Markdown.
    """

    path: Path
    text: str

    @property
    def title(self) -> str:
        """Return its first heading."""
        return next(line for line in self.text.splitlines() if line.startswith("# ")).removeprefix("# ")

    def files(self) -> Iterable[Path]:
        """Yield what its links and pictures name in the tree, headings left out."""
        for target in LINK.findall(self.text):
            if "://" not in target:
                yield (ROOT / self.path.parent / target).resolve().relative_to(ROOT)


def sections() -> Mapping[str, tuple[Page, ...]]:
    """Return every part of the site with its pages, in the order of the menu."""
    return {
        name: tuple(
            Page(path=path.relative_to(ROOT), text=path.read_text())
            for pattern in patterns
            for path in sorted(ROOT.glob(pattern))
        )
        for name, patterns in SECTIONS.items()
    }


def stage(menu: Mapping[str, tuple[Page, ...]], into: Path) -> None:
    """Write the pages, drawn, and every file that they name.

    Raises:
        BrokenSite: A page names a file that is not there.
    """
    pages = {page.path: page for part in menu.values() for page in part}
    missing = []
    for page in pages.values():
        (into / page.path).parent.mkdir(parents=True, exist_ok=True)
        (into / page.path).write_text(_drawn(page, into))
        for file in page.files():
            if file in pages:
                continue
            if not (ROOT / file).is_file():
                missing.append(f"{page.path} names {file}, which is no file")
            else:
                (into / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, into / file)
    if missing:
        raise BrokenSite("\n".join(missing))


def _drawn(page: Page, into: Path) -> str:
    drawings = iter(range(1, 100))

    def draw(found: re.Match[str]) -> str:
        drawing, svg = page.path.with_name(f"{page.path.stem}-{next(drawings)}.svg"), mmdr.render(found[1]).svg()
        (into / drawing).write_text(svg)
        width = VIEW.findall(svg)[0]
        return f'![Diagram]({drawing.name}){{ width="{width}" }}'

    return FENCE.sub(draw, page.text)


def build(menu: Mapping[str, tuple[Page, ...]], site: Path) -> None:
    """Build the site into a directory, whose former content goes.

    Raises:
        BrokenSite: A link leads nowhere, or a page would fetch something from another host.
    """
    with tempfile.TemporaryDirectory() as scratch:
        workshop = Path(scratch)
        stage(menu, workshop / "pages")
        (workshop / "zensical.toml").write_text(f"[project]\nnav = {_toml(menu)}{CONFIGURATION}")
        command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict"]
        built = subprocess.run(command, cwd=workshop, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        if built.returncode:
            raise BrokenSite(built.stdout + built.stderr.partition("Traceback")[0])
        if foreign := sorted({url for page in (workshop / "site").rglob("*.html") for url in _fetched(page)}):
            raise BrokenSite("\n".join(f"Pages would fetch {url}" for url in foreign))
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(workshop / "site", site)


def _toml(menu: Mapping[str, tuple[Page, ...]]) -> str:
    """Return the menu as an array of TOML tables; JSON's strings are TOML's too."""
    entries = {
        name: ", ".join(f"{{ {json.dumps(page.title)} = {json.dumps(str(page.path))} }}" for page in part)
        for name, part in menu.items()
    }
    parts = (f"{{ {json.dumps(name)} = [{pages}] }}" for name, pages in entries.items())
    return f"[{', '.join(parts)}]"


def _fetched(page: Path) -> Iterable[str]:
    return FETCHED.findall(page.read_text())


def main() -> int:
    """Build the site; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="the directory to build into; what is there goes")
    site = parser.parse_args().site
    try:
        build(sections(), site)
    except BrokenSite as broken:
        sys.stdout.write(f"{broken}\n")
        return 1
    sys.stdout.write(f"{site / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
