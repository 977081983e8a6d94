"""What made pages have in common: the note that they are made, and tables."""

from collections.abc import Iterable

MADE = "<!-- Made by `make docs` from the code; change the code instead. -->"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
