"""Every statement that the service says to PostgreSQL, collected from the modules that keep them.

`tests/architecture/test_statements.py` holds that no statement stands anywhere else.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import chain, combinations, product
from pkgutil import iter_modules

import attrs

from sale_adapters import postgres
from sale_adapters.postgres import kitchen_statements, statements, usage_sql
from sale_adapters.postgres.trips import Statement

_DML = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
_HOLE = re.compile(r"%(?:s|\((\w+)\)s)")

BUILDERS = frozenset({"statements.page_of_orders", "usage_sql.page", "kitchen_statements.page_of_tickets"})
"""The functions that build a statement when they are first asked for it; `lists` asks them for all they can build."""


@attrs.frozen(kw_only=True)
class Said:
    """A statement, and where it is kept; one of several under a name has a number behind it."""

    module: str
    name: str
    statement: Statement

    @property
    def place(self) -> str:
        """Return where it is kept, as one text."""
        return f"{self.module}.{self.name}"

    @property
    def sql(self) -> str:
        """Return its text, with parameters $1, $2 and so on."""
        return self.statement.sql.decode()


def said() -> Iterator[Said]:
    """Yield every statement."""
    yield from kept()
    yield from lists()


def kept() -> Iterator[Said]:
    """Yield the statements that are constants of their modules, alone or in a mapping."""
    for module in iter_modules(postgres.__path__):
        if module.ispkg:
            continue
        for name, value in vars(import_module(f"{postgres.__name__}.{module.name}")).items():
            for key, each in value.items() if isinstance(value, Mapping) else (("", value),):
                if (statement := _statement(each)) is not None:
                    yield Said(module=module.name, name=f"{name} {key}".strip(), statement=statement)


def _statement(value: object) -> Statement | None:
    if isinstance(value, str) and _DML.match(value):
        return Statement(_numbered(value).encode())
    return value if isinstance(value, Statement) else None


def _numbered(text: str) -> str:
    """Return psycopg's placeholders as PostgreSQL numbers them; a name has one number wherever it stands."""
    numbers: dict[str, int] = {}

    def number(hole: re.Match[str]) -> str:
        return f"${numbers.setdefault(hole[1] or f'at {hole.start()}', len(numbers) + 1)}"

    return _HOLE.sub(number, text).replace("%%", "%")


def lists() -> Iterator[Said]:
    """Yield every list that can be asked for."""
    for chosen in _subsets(statements._FILTERS):
        page = statements.page_of_orders(chosen)
        yield Said(module="statements", name=f"page_of_orders {sorted(chosen)}", statement=page)
    for chosen in _subsets(usage_sql._FILTERS):
        yield Said(module="usage_sql", name=f"page {sorted(chosen)}", statement=usage_sql.page(chosen))
    for statuses, of_station in product((("PENDING",), ("READY", "VOIDED")), (False, True)):
        page = kitchen_statements.page_of_tickets(statuses, of_station=of_station)
        yield Said(module="kitchen_statements", name=f"page_of_tickets {statuses} {of_station}", statement=page)


def _subsets(names: Mapping[str, object]) -> Iterator[frozenset[str]]:
    sizes = range(len(names) + 1)
    return map(frozenset, chain.from_iterable(combinations(names, size) for size in sizes))
