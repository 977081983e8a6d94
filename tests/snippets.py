"""The blocks and the inline code of the documents, and what is wrong with each: every one is run, parsed or looked up.

What cannot be run here (docker, kubectl, Kafka's and PostgreSQL's tools, package installs) is parsed by the shell, its
files, settings and `sale …` commands are looked up, and `tests/deploy` compares the files with the program.
"""

import configparser
import json
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import dropwhile
from pathlib import Path
from typing import Any

import attrs
import jsonschema
import mmdr
import pglast
import typer.core
import typer.main
import yaml
from markdown_it import MarkdownIt
from pglast.visitors import referenced_relations

from sale_adapters.postgres.schema.metadata import METADATA
from sale_adapters.web.openapi import openapi_document
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.wire import json as exact
from sale_adapters.wire.places import BASE, STREAM
from sale_app.cli import app
from sale_app.in_memory import compose_in_memory
from sale_app.setting_rows import describe

ROOT = Path(__file__).parents[1]
PATTERNS = ("*.md", "docs/*.md", "docs/how-to/*.md", "docs/explanation/*.md", "docs/reference/*.md", "deploy/*/*.md")
PAGES = sorted({path for pattern in PATTERNS for path in ROOT.glob(pattern)} - {ROOT / "CHANGELOG.md"})

TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
SETTINGS = {row.variable for row in describe({})} | {"SALE_CACHE_DIR"}
OTHER_PROGRAMS = re.compile(
    r"apt-get|cat|curl|docker|echo|kafka-\w+\.sh|kill|kubectl|pg_basebackup|pip|promtool|psql|python3?|sed|sleep"
)
WRITTEN = {"bench/report.json"}
METHODS = "GET|POST|PUT|PATCH|DELETE"
SETTING = re.compile(r"(?<![\w.])SALE_[A-Z0-9]+(?:_[A-Z0-9]+)*\b(?!_)")
IN_TREE = re.compile(r"(?:src|tests|docs|deploy|bench|examples|requirements)/[\w./-]*\w")
REQUEST = re.compile(rf"^({METHODS}) +(\S+)(.*?)(?=^(?:{METHODS}) |\Z)", re.DOTALL | re.MULTILINE)
PUNCTUATION = "();<>|&\n"
COMMENT = re.compile(r"(?:^| +)# .*$", re.MULTILINE)


@attrs.frozen(kw_only=True)
class Block:
    """A fenced or indented block; an indented one is taken for commands."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Return where it is."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return a page's blocks, those in lists too."""
    return [
        Block(page=page, line=token.map[0] + 1, language=token.info or "sh", text=token.content)
        for token in MarkdownIt().parse(page.read_text())
        if token.type in {"fence", "code_block"} and token.map
    ]


def inline_code(page: Path) -> list[str]:
    """Return what stands between backticks in a page's sentences and tables."""
    tokens = (token for token in MarkdownIt().enable("table").parse(page.read_text()) if token.type == "inline")
    return [child.content for token in tokens for child in token.children or () if child.type == "code_inline"]


def complaints(block: Block) -> list[str]:
    """Return what is wrong with a block; a language that nobody checks is wrong."""
    check = CHECKS.get(block.language)
    if check is None:
        return [f"nothing checks blocks of {block.language!r}: {', '.join(CHECKS)}"]
    return [*check(block), *names(block.text)]


def names(text: str) -> Iterator[str]:
    """Yield the settings and files that a text names and that are not there."""
    yield from (f"{name} is no setting" for name in sorted(set(SETTING.findall(text)) - SETTINGS))
    missing = (path for path in IN_TREE.findall(text) if not (ROOT / path).exists())
    yield from (f"{path} is not in the tree" for path in missing if path not in WRITTEN)


def spoken(code: str) -> Iterator[str]:
    """Yield what is wrong with inline code that is a command or a request."""
    first, _, rest = code.partition(" ")
    if first in {"sale", "make"} and rest:
        yield from _command(shlex.split(rest.split("<")[0]), of=first)
    elif re.fullmatch(METHODS, first) and rest.startswith("/"):
        yield from _request(first, rest, "")


def _shell(block: Block) -> Iterator[str]:
    parsed = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)  # noqa: S607
    if parsed.returncode:
        yield parsed.stderr.strip()
        return
    for words in () if _has_a_test(block.page) else _commands(block.text):
        program = Path(words[0]).name
        if program in {"sale", "make"}:
            yield from _command(words[1:], of=program)
        elif not OTHER_PROGRAMS.fullmatch(program):
            yield f"{program} is no program that the documents know"


def _commands(script: str) -> Iterator[list[str]]:
    """Yield the simple commands of a script, without assignments, redirections and what stands in quotes."""
    lexer = shlex.shlex(COMMENT.sub("", script).replace("\\\n", " "), posix=True, punctuation_chars=PUNCTUATION)
    lexer.whitespace, lexer.commenters = " \t\r", ""
    lexer.wordchars += ",:@%+…{}[]$!"
    words: list[str] = []
    for word in (*lexer, "\n"):
        if word.strip(PUNCTUATION):
            words.append(word)
            continue
        words = [*dropwhile(lambda first: re.match(r"\w+=|exec$", first), words)]
        if words and not words[0].isdigit():
            yield words
        words = []


def _command(words: list[str], *, of: str) -> Iterator[str]:
    if of == "make":
        targets = [word for word in words if "=" not in word and not word.startswith("-")]
        yield from (f"make has no target {target}" for target in targets if target not in TARGETS)
        return
    command: Any = typer.main.get_command(app)
    while isinstance(command, typer.core.TyperGroup) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            yield f"sale has no command {words[0]}"
            return
        command, words = command.commands[words[0]], words[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    yield from (
        f"sale {command.name} has no option {word}"
        for word in words
        if word.startswith("-") and word.partition("=")[0] not in options | {"--help"}
    )


def _requests(block: Block) -> Iterator[str]:
    found = REQUEST.findall(COMMENT.sub("", block.text))
    if not found:
        yield "no request in it"
    for method, target, body in found:
        yield from _request(method, target, body.strip())


@cache
def _document() -> Any:  # noqa: ANN401 - a JSON document
    return json.loads(exact.write(openapi_document(OPERATIONS, version="1")))


def _request(method: str, target: str, body: str) -> Iterator[str]:
    path, _, query = target.removeprefix(BASE).partition("?")
    if BASE + path == STREAM:
        return
    shape = re.sub(r"\{\w+\}|…", "{}", path)
    described = {re.sub(r"\{\w+\}", "{}", known): item for known, item in _document()["paths"].items()}
    operation = described.get(BASE + shape, {}).get(method.lower())
    if operation is None:
        yield f"{method} {path} is no operation"
        return
    known = {parameter["name"] for parameter in operation.get("parameters", ())}
    asked = {part.partition("=")[0] for part in query.split("&") if part}
    yield from (f"{method} {path} has no parameter {name}" for name in sorted(asked - known))
    if body:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": _document()["components"]}
        try:
            jsonschema.validate(json.loads(body), whole, cls=jsonschema.Draft202012Validator)
        except (ValueError, jsonschema.ValidationError) as wrong:
            yield f"{method} {path}: {str(wrong).splitlines()[0]}"


def _sql(block: Block) -> Iterator[str]:
    tables = referenced_relations(pglast.parse_sql(block.text))
    yield from (f"{table} is no table" for table in sorted(tables - set(METADATA.tables)))


def _json(block: Block) -> None:
    for line in block.text.splitlines() if block.text.count("\n{") else [block.text]:
        json.loads(line)


def _python(block: Block) -> None:
    """Run it with `sale` in memory, or by pytest when it has tests; what is quoted or tested elsewhere is run there."""
    if re.search(r"^(async )?def test_", block.text, re.MULTILINE):
        _run_by_pytest(block.text)
        return
    quoted = any(textwrap.indent(block.text, margin) in source for source in _sources() for margin in ("", "    "))
    if quoted or _has_a_test(block.page):
        return
    exec(compile(block.text, str(block), "exec"), {"sale": compose_in_memory()})  # noqa: S102 - our own page


def _run_by_pytest(text: str) -> None:
    """Run a file of tests where nothing else is, with the plugins that `sale[testing]` brings."""
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / "test_copied.py").write_text(text)
        pytest = (sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:asyncio")
        told = subprocess.run(pytest, cwd=empty, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own page
    assert told.returncode == 0, told.stdout + told.stderr


@cache
def _sources() -> tuple[str, ...]:
    return tuple(path.read_text() for folder in ("src", "examples") for path in (ROOT / folder).rglob("*.py"))


@cache
def _has_a_test(page: Path) -> bool:
    """Tell whether a test of its own runs the page's programs, which says so by `PAGE = …`."""
    named = re.compile(rf'^PAGE = .*"{re.escape(page.name)}"', re.MULTILINE)
    return any(named.search(path.read_text()) for path in (ROOT / "tests").rglob("test_*.py"))


def _output(block: Block) -> Iterator[str]:
    commands = re.findall(r"^\s*(?:\$ |(?:sale|make|curl|docker|kubectl|pip|python3?) ).*", block.text, re.MULTILINE)
    yield from (f"a command in what should be output: {command.strip()}" for command in commands)


def _loud(check: Callable[[Block], object]) -> Callable[[Block], Iterable[str]]:
    """Turn a check that raises into one that complains."""

    def complain(block: Block) -> Iterator[str]:
        try:
            found = check(block)
            yield from found if isinstance(found, Iterator) else ()
        except Exception as wrong:  # noqa: BLE001 - whatever a parser or the snippet itself says is the complaint
            yield f"{type(wrong).__name__}: {wrong}"

    return complain


CHECKS: Mapping[str, Callable[[Block], Iterable[str]]] = {
    "sh": _loud(_shell),
    "http": _loud(_requests),
    "json": _loud(_json),
    "yaml": _loud(lambda block: list(yaml.safe_load_all(block.text))),
    "ini": _loud(lambda block: configparser.RawConfigParser().read_string(f"[all]\n{block.text}")),
    "sql": _loud(_sql),
    "python": _loud(_python),
    "mermaid": _loud(lambda block: mmdr.render(block.text).svg()),
    "text": _loud(_output),
}
"""What is done with a block of a language."""
