"""Why PostgreSQL does not do what it is asked, in one line for a log or a person."""

from typing import Final

from psycopg import Error, errors

UNMIGRATED: Final = (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName)
"""What a database says that `sale migrate` has not brought up to date."""


def in_one_line(error: Exception) -> str:
    """Return why something failed, without the lines that quote the statement; and what helps, where one thing does."""
    said = error.diag.message_primary if isinstance(error, Error) else None
    reason = " ".join((said or str(error)).split()) or type(error).__name__
    return f"{reason}; run `sale migrate`" if isinstance(error, UNMIGRATED) else reason
