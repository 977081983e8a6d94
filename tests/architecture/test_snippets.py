"""Every command and every snippet of the documents holds; and the checks that say so find what does not."""

from pathlib import Path

import pytest

from snippets import PAGES, ROOT, Block, blocks, complaints, inline_code, names, spoken

BLOCKS = [block for page in PAGES for block in blocks(page)]


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
