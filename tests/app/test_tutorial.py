"""The tutorial, followed to the letter: each command is run beside a demo, and says what the page says that it says."""

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from sale_adapters.embedded import free_ports
from snippets import ROOT, Block, blocks

pytestmark = pytest.mark.long

PAGE = ROOT / "docs" / "tutorial.md"
README = ROOT / "README.md"
MARK = "---- next block ----"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Run the demo in a directory of its own; yield that directory and what the demo said until it was ready."""
    here = tmp_path_factory.mktemp("tutorial")
    (here / ".venv").symlink_to(sys.prefix)
    command = [".venv/bin/sale", "demo", "--port", str(free_ports(1)[0])]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        assert demo.stdout is not None
        said = ""
        for line in demo.stdout:
            said += line
            if "Press Ctrl-C" in line:
                break
        try:
            yield here, said
        finally:
            demo.terminate()
            demo.communicate(timeout=60)


def outputs(page: list[Block]) -> dict[int, str]:
    """Return what each block of commands is said to print, by its line."""
    return {
        block.line: shown.text for block, shown in pairwise(page) if block.language == "sh" and shown.language == "text"
    }


def says(shown: str, printed: str) -> bool:
    """Tell whether all that is shown was printed, line after line; `…` stands for anything."""
    lines = (".*".join(re.escape(part) for part in line.split("…")) for line in shown.splitlines())
    return re.search(r"\n(?:.*\n)*?".join(lines), printed) is not None


def test_every_command_of_the_tutorial_does_what_the_page_says(told: tuple[Path, str]) -> None:
    here, _ = told
    page = blocks(PAGE)
    start, *commands = [block for block in page if block.language == "sh"]
    dry = ["make", "-n", "--no-print-directory", *start.text.split()[1:]]
    run = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - the page's own
    assert run.stdout.splitlines()[-1] == ".venv/bin/sale demo"
    (program,) = [block for block in page if block.language == "python"]
    (here / ".sale-demo" / "finance.py").write_text(program.text)
    script = f"\necho '{MARK}'\n".join(["set -euo pipefail", *(block.text for block in commands)])

    ran = subprocess.run(["bash", "-c", script], cwd=here, capture_output=True, text=True, check=False, timeout=200)  # noqa: S603, S607 - the page's own

    printed = dict(zip((block.line for block in commands), ran.stdout.split(MARK)[1:], strict=False))
    shown = outputs(page)
    assert {line: printed.get(line) for line, text in shown.items() if not says(text, printed.get(line, ""))} == {}, ran
    assert ran.returncode == 0, ran.stderr
    assert len(shown) > 8


def test_the_demo_tells_the_story_of_the_readme(told: tuple[Path, str]) -> None:
    _, said = told
    (story,) = [block.text for block in blocks(README) if block.language == "text"]
    changing = re.compile(r"\d{14}-\w+|(?<=partition )\d|(?<=offset )\d")
    assert changing.sub("", story).split() == changing.sub("", _table(said)).split()


def _table(said: str) -> str:
    lines = said.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("step "))
    return "\n".join(lines[first : first + 10])


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a…c\nb", "a b c\n\nb", True),
        ("a\nb", "b\na\n", False),
        ("135000", "135001", False),
    ],
)
def test_output_is_compared_line_by_line(shown: str, printed: str, same: bool) -> None:  # noqa: FBT001 - a table
    assert says(shown, printed) is same
