"""What made pages have in common: the note that they are made, tables, and what docstrings say of fields."""

import inspect
from collections.abc import Iterable
from typing import Any

MADE = "<!-- Made by `make docs` from the code; change the code instead. -->"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def described(cls: type[Any]) -> dict[str, str]:
    """Return what a class's docstring says of its attributes, by name."""
    lines = (inspect.getdoc(cls) or "").partition("Attributes:")[2].splitlines()
    parted = (line.strip().partition(": ") for line in lines)
    return {name: meaning for name, colon, meaning in parted if colon and name.isidentifier()}
