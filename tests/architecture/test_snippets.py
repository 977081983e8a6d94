"""Every command and every snippet of the documents holds; and the checks that say so find what does not."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sale_adapters.client
import sale_domain
from built import ran
from snippets import PAGES, ROOT, Block, blocks, complaints, inline_code, names, spoken

BLOCKS = [block for page in PAGES for block in blocks(page)]
HOW_TO = [block for block in BLOCKS if block.language == "python" and block.page.parent.name == "how-to"]
WHOLE_FILE = re.compile(r"^(async )?def ", re.MULTILINE)
STABLE = ROOT / "docs" / "reference" / "stable.md"
SURFACES = {"sale_domain": set(sale_domain.__all__), "sale_adapters.client": set(sale_adapters.client.__all__)}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_is_run_parsed_or_looked_up(block: Block) -> None:
    assert complaints(block) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    assert [*names(page.read_text()), *(wrong for code in inline_code(page) for wrong in spoken(code))] == []


@pytest.mark.parametrize(
    ("language", "text", "complaint"),
    [
        ("sh", "sale reconcile --fast", "sale reconcile has no option --fast"),
        ("sh", "SALE_CLIENT_SECRET=x exec sale server", "sale has no command server"),
        ("sh", "sale outbox list && sale outbox drop EVENT", "sale has no command drop"),
        ("sh", "make everything WORKERS=3", "make has no target everything"),
        ("sh", "make run\nrm -rf /", "rm is no program that the documents know"),
        ("sh", "SALE_NO_SUCH=1 sale serve", "SALE_NO_SUCH is no setting"),
        ("sh", "docker build -f deploy/docker/Containerfile .", "deploy/docker/Containerfile is not in the tree"),
        ("sh", "sale doctor 'for serve", "unexpected EOF"),
        ("http", "PUT /sale-orders/{id}/checkout", "PUT /sale-orders/{id}/checkout is no operation"),
        ("http", "GET /sale-orders?state=DRAFT", "GET /sale-orders has no parameter state"),
        ("http", 'POST /sale-orders\n{ "saleChannel": "x" }', "saleChannel"),
        ("json", '{"event": }', "JSONDecodeError"),
        ("sql", "DELETE FROM relay_offset;", "relay_offset is no table"),
        ("sql", "CREATE ROL sale;", "syntax error"),
        ("python", "sale.no_such_part()", "AttributeError"),
        ("python", "def test_sums():\n    assert 1 + 1 == 3", "1 failed"),
        ("mermaid", "stateDiagram-v2\n    [*] ->", "parse error"),
        ("text", "Then say\n\n  sale serve now", "a command in what should be output"),
        ("yaml", "a: [1", "ParserError"),
        ("rust", "fn main() {}", "nothing checks blocks of 'rust'"),
    ],
)
def test_what_is_wrong_with_a_block_is_found(language: str, text: str, complaint: str) -> None:
    found = complaints(Block(page=ROOT / "README.md", line=1, language=language, text=text))
    assert complaint.lower() in " ".join(found).lower()


@pytest.mark.parametrize("code", ["sale outbox lst", "make tests", "POST /sale-orders/{id}/pay"])
def test_what_is_wrong_with_inline_code_is_found(code: str) -> None:
    assert list(spoken(code))


def test_mypy_believes_every_whole_file_of_the_how_tos(tmp_path: Path) -> None:
    files = [tmp_path / f"{block.page.stem.replace('-', '_')}_{block.line}.py" for block in HOW_TO]
    whole = [(file, block.text) for file, block in zip(files, HOW_TO, strict=True) if WHOLE_FILE.search(block.text)]
    assert len(whole) >= 3
    for file, text in whole:
        file.write_text(text)
    checking = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", "--no-incremental")
    ran(*checking, *(file for file, _ in whole), cwd=tmp_path)


def test_whatever_how_tos_and_examples_import_of_sale_is_on_the_page_that_says_what_is_stable() -> None:
    examples = [path.read_text() for path in (ROOT / "examples").rglob("*.py")]
    taken = {pair for text in (*examples, *(block.text for block in HOW_TO)) for pair in imported(text)}
    assert ("sale_app.testing.payments", "Pay") in taken
    assert sorted(taken - stable()) == []


def imported(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a file takes of Sale's packages: module and name."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sale_"):
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("sale_"))


def stable() -> set[tuple[str, str]]:
    """Return what the page names: two surfaces whole, and of other modules the names in their rows."""
    told = {(module, name) for module, names_of_it in SURFACES.items() for name in names_of_it}
    for module, row in re.findall(r"^\| `(sale_[\w.]+)`: (.*?) \|", STABLE.read_text(), re.MULTILINE):
        package, _, last = module.rpartition(".")
        told |= {(package, last), *((module, name) for name in re.findall(r"`(\w+)`", row))}
    return told
