"""Tables that people read and other programs search: no cell is ever cut short."""

from rich.console import Console
from rich.table import Table

_WIDEST = 1_000_000


def print_whole(table: Table, console: Console) -> None:
    """Print a table as wide as its longest row: at a narrow terminal its lines go on below, in a pipe they are whole.

    The first columns are those that must stay in sight.
    """
    for column in table.columns:
        column.no_wrap = True
    table.box, table.pad_edge = None, False
    width = Console(width=_WIDEST).measure(table).maximum
    Console(file=console.file, width=width).print(table)
