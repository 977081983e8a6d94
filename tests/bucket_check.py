"""Which tables a statement touches without naming their bucket, by PostgreSQL's own grammar (architecture §7)."""

from collections.abc import Iterator, Sequence

import attrs
from pglast import ast, parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType, JoinType

BUCKET = "bucket"


@attrs.frozen
class _Row:
    """A row that a statement is about, by the name that it has there; `table` is None for what is no table."""

    name: str
    table: str | None


def strays(sql: str, *, bucketed: frozenset[str]) -> list[str]:
    """Return the tables that a statement touches in a bucket which it does not name, as `table` or `table alias`.

    A bucket is named by `bucket = $1` or a constant, by equality with a bucket that is named so (but not where a row is
    locked: there each table needs its own), or by the value that an INSERT gives it.
    """
    return [stray for raw in parse_sql(sql) for stray in _strays(raw.stmt, bucketed, frozenset())]


def _strays(node: object, bucketed: frozenset[str], outer: frozenset[str]) -> Iterator[str]:
    """Yield the strays of a part of a statement; `outer` are the rows around it whose bucket is named."""
    if isinstance(node, ast.InsertStmt):
        (row,) = _of_source(node.relation)
        if row.table in bucketed and not _gives_bucket(node):
            yield _called(row)
    elif isinstance(node, ast.SelectStmt | ast.UpdateStmt | ast.DeleteStmt):
        rows = list(_rows(node))
        named = outer - {row.name for row in rows} | _named(node, rows, outer)
        yield from (_called(row) for row in rows if row.table in bucketed and row.name not in named)
        outer = frozenset() if _locks(node) else named
    for part in _parts(node):
        yield from _strays(part, bucketed, outer)


def _locks(node: object) -> bool:
    return isinstance(node, ast.SelectStmt) and bool(node.lockingClause)


def _called(row: _Row) -> str:
    return f"{row.table} {row.name}" if row.name != row.table else row.name


def _parts(node: object) -> Iterator[object]:
    if isinstance(node, tuple):
        yield from node
    elif isinstance(node, ast.Node):
        yield from (getattr(node, name) for name in node)


def _rows(node: ast.SelectStmt | ast.UpdateStmt | ast.DeleteStmt) -> Iterator[_Row]:
    """Yield the rows of one level: not those of the questions inside it."""
    if not isinstance(node, ast.SelectStmt):
        yield from _of_source(node.relation)
    froms = node.usingClause if isinstance(node, ast.DeleteStmt) else node.fromClause
    for source in froms or ():
        yield from _of_source(source)


def _of_source(source: object) -> Iterator[_Row]:
    if isinstance(source, ast.JoinExpr):
        yield from _of_source(source.larg)
        yield from _of_source(source.rarg)
    elif isinstance(source, ast.RangeVar | ast.RangeSubselect | ast.RangeFunction):
        table = source.relname if isinstance(source, ast.RangeVar) else None
        yield _Row((source.alias.aliasname if source.alias else table) or "", table)


def _named(
    node: ast.SelectStmt | ast.UpdateStmt | ast.DeleteStmt, rows: Sequence[_Row], outer: frozenset[str]
) -> frozenset[str]:
    """Return which rows of a level have their bucket named."""
    equal = [pair for condition in _conditions(node) if (pair := _equality(condition, rows)) is not None]
    named = {name for name, other in equal if other is None}
    if _locks(node):
        return frozenset(named)
    # Naming travels along the equalities, in either direction, as far as they reach.
    known = outer - {row.name for row in rows}
    for _ in equal:
        named |= {a for a, b in equal if b in named | known} | {b for a, b in equal if b and a in named}
    return frozenset(named)


def _conditions(node: ast.SelectStmt | ast.UpdateStmt | ast.DeleteStmt) -> Iterator[object]:
    yield from _conjuncts(node.whereClause)
    froms = node.usingClause if isinstance(node, ast.DeleteStmt) else node.fromClause
    waiting = list(froms or ())
    while waiting:
        source = waiting.pop()
        if isinstance(source, ast.JoinExpr):
            waiting += (source.larg, source.rarg)
            if source.jointype == JoinType.JOIN_INNER:
                yield from _conjuncts(source.quals)


def _conjuncts(condition: object) -> Iterator[object]:
    if isinstance(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
        for arg in condition.args or ():
            yield from _conjuncts(arg)
    elif condition is not None:
        yield condition


def _equality(condition: object, rows: Sequence[_Row]) -> tuple[str, str | None] | None:
    """Return whose bucket a condition equates, and with whose; with nobody's when it is given."""
    if not isinstance(condition, ast.A_Expr) or condition.kind != A_Expr_Kind.AEXPR_OP:
        return None
    if [name.sval for name in condition.name or ()] != ["="]:
        return None
    for this, that in ((condition.lexpr, condition.rexpr), (condition.rexpr, condition.lexpr)):
        if (owner := _bucket_of(this, rows)) is not None:
            if _is_given(that):
                return owner, None
            if (other := _bucket_of(that, rows)) is not None:
                return owner, other
    return None


def _bucket_of(value: object, rows: Sequence[_Row]) -> str | None:
    """Return the name of the row whose bucket a value is; without a name it is the only row's."""
    if not isinstance(value, ast.ColumnRef):
        return None
    *owner, column = (part.sval if isinstance(part, ast.String) else "*" for part in value.fields or ())
    if column != BUCKET:
        return None
    if owner:
        return owner[-1]
    return rows[0].name if len(rows) == 1 else None


def _is_given(value: object) -> bool:
    while isinstance(value, ast.TypeCast):
        value = value.arg
    return isinstance(value, ast.ParamRef | ast.A_Const)


def _gives_bucket(node: ast.InsertStmt) -> bool:
    """Tell whether every row that is inserted comes with its bucket; where no columns are named it is the first."""
    names = [column.name for column in node.cols] if node.cols else [BUCKET]
    source = node.selectStmt
    if BUCKET not in names or not isinstance(source, ast.SelectStmt):
        return False
    place, read = names.index(BUCKET), list(_rows(source))
    named = _named(source, read, frozenset())
    made = source.valuesLists or (tuple(target.val for target in source.targetList or ()),)
    return all(_is_given(row[place]) or _bucket_of(row[place], read) in named for row in made)
