"""Statements stand where `sql_said` collects them: what is said about every statement is true of all that are sent."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sql_said import BUILDERS, kept

SOURCE = Path(__file__).parents[2] / "src"
STORE = SOURCE / "sale_adapters" / "postgres"

# Places that speak to PostgreSQL, and not about the tables' rows while Sale runs.
SESSIONS = "sets up or tries a connection, and touches no table"
ELSEWHERE = {
    "sale_adapters/postgres/sessions.py said": SESSIONS,
    "sale_adapters/postgres/sessions.py _hands_names_on": SESSIONS,
    "sale_adapters/postgres/pool.py set_up": SESSIONS,
    "sale_adapters/postgres/pool.py bounded": SESSIONS,
    "sale_adapters/postgres/connection.py is_there": SESSIONS,
    "sale_adapters/postgres/outbox_desk.py _ask": SESSIONS,
    "sale_adapters/postgres/trips.py __init__": "time-outs behind a pooler",
    "sale_adapters/postgres/statements.py compiled": "makes the statements that the modules keep",
    "sale_adapters/postgres/statements.py inserted": "makes the statements that the modules keep",
    "sale_adapters/postgres/migrations/run.py migrate": "at the coordinator, by one at a time",
    "sale_adapters/embedded/postgres.py _has_the_database": "makes the database that the demo's server has",
    "sale_app/doctor/database.py look_at_database": "the doctor asks about the server and its own rights",
    "sale_app/unattended.py without_relay": "the doctor and whoever looks at the outbox ask who relays",
    "sale_app/demo/story.py _waiting": "the demo looks into its own small database",
}

TEXT = re.compile(
    r"\bselect\b.*\bfrom\b|^\s*select\b|\binsert\s+into\b|\bupdate\s+\w+(\s\w+)?\s+set\b|\bdelete\s+from\b",
    re.IGNORECASE | re.DOTALL,
)
MAKERS = {"Statement", "compiled", "inserted", "select", "insert", "update", "delete"}
SENDERS = {"execute", "executemany"}
TEXTS = {"LiteralString", "sql.Sql"}
KEPT = {each.name.partition(" ")[0] for each in kept()}


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield every function that may speak to PostgreSQL; revisions are no part of what is said while Sale runs."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "versions" in path.parts or "sale_domain" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                place = f"{path.stem}.{node.name}" if path.parent == STORE else ""
                if place not in BUILDERS:
                    yield f"{path.relative_to(SOURCE)} {node.name}", node


def speaks(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function says more than what the modules keep."""
    return writes_sql(function) or makes_sql(function) or sends_its_own(function)


def writes_sql(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a statement is written in a function, other than in its docstring."""
    said = [node.value for node in inside(function) if isinstance(node, ast.Constant)]
    texts = (each.decode() if isinstance(each, bytes) else each for each in said)
    return any(isinstance(text, str) and TEXT.search(text) for text in texts)


def makes_sql(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a statement is made in a function."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS
        for node in inside(function)
    )


def sends_its_own(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function sends something that is neither kept nor handed to it as a text that was written out."""
    given = {arg.arg for arg in function.args.args if arg.annotation and ast.unparse(arg.annotation) in TEXTS}
    for node in inside(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SENDERS:
            name = ast.unparse(node.args[0]).rpartition(".")[2] if node.args else None
            if name is not None and name not in KEPT | given:
                return True
    return False


def inside(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """Yield what a function does; its docstring does nothing."""
    for statement in function.body:
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            yield from ast.walk(statement)


def test_a_statement_is_a_constant_of_its_module_or_stands_where_no_row_is_touched() -> None:
    found = {place for place, function in functions() if speaks(function)}
    assert found == set(ELSEWHERE)


def test_only_the_store_and_few_others_talk_to_postgresql() -> None:
    talking = {
        str(path.relative_to(SOURCE).parent)
        for path in SOURCE.rglob("*.py")
        if re.search(r"^\s*(import|from) (psycopg|sqlalchemy)", path.read_text(), re.MULTILINE)
    }
    assert {place for place in talking if not place.startswith("sale_adapters/postgres")} == {
        "sale_adapters/embedded",
        "sale_app",  # what `sale migrate` says of errors
        "sale_app/doctor",
        "sale_app/demo",
    }


@pytest.mark.parametrize(
    "body",
    [
        "connection.execute('SELECT n FROM history')",
        "x = 'DELETE FROM outbox'",
        "x = b'UPDATE outbox o SET seq = 1'",
        "x = f'INSERT INTO {table} VALUES (1)'",
        "trips.go(select(HISTORY))",
        "trips.go(Statement(text)())",
        "connection.execute(sql.FENCE + ' LIMIT 1')",
        "connection.execute(made_up)",
        "cursor.executemany(text, rows)",
    ],
)
def test_a_statement_that_stands_elsewhere_is_found(body: str) -> None:
    (function,) = ast.parse(f"def ask(text: str):\n    '''Select from.'''\n    {body}").body
    assert isinstance(function, ast.FunctionDef)
    assert speaks(function)


@pytest.mark.parametrize(
    "body", ["connection.execute(sql.FENCE, key)", "connection.execute(text)", "pipe.execute()", "x = 'from here on'"]
)
def test_a_statement_that_is_kept_may_be_sent(body: str) -> None:
    (function,) = ast.parse(f"def ask(text: sql.Sql):\n    '''Select from.'''\n    {body}").body
    assert isinstance(function, ast.FunctionDef)
    assert not speaks(function)
