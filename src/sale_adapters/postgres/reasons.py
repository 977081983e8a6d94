"""Why PostgreSQL does not do what it is asked, in one line for a log or a person."""

import re

from psycopg import Error, errors

from sale_adapters.postgres.schema import METADATA

_LACKED = re.compile(r'(?:relation|column) "?(?:\w+\.)?(\w+)"?')
_OURS = {*METADATA.tables, *(column.name for table in METADATA.tables.values() for column in table.columns)}


def is_unmigrated(error: Exception) -> bool:
    """Tell whether the database lacks what `sale migrate` makes; what nobody makes is a bug in the statement."""
    if not isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
        return False
    lacked = _LACKED.search(error.diag.message_primary or str(error))
    return lacked is not None and lacked[1] in _OURS


def in_one_line(error: Exception) -> str:
    """Return why something failed, without the lines that quote the statement; and what helps, where one thing does."""
    said = error.diag.message_primary if isinstance(error, Error) else None
    reason = " ".join((said or str(error)).split()) or type(error).__name__
    return f"{reason}; run `sale migrate`" if is_unmigrated(error) else reason
