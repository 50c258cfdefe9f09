"""Rows on standard output: a table in a terminal, a line of tab-separated words a row in a pipe.

In a terminal the first `whole` columns are never cut, the last of the others are. Used by `dlq` and `verify`.
"""

from collections.abc import Iterable, Sequence

import typer
from rich.console import Console
from rich.table import Table

from agentbus.cli.plan_view import printable


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: int) -> None:
    """Prints the rows; what stands in them steers no terminal."""
    console = Console(highlight=False)
    clean = [[" ".join(printable(cell).split()) for cell in row] for row in rows]
    if not console.is_terminal:
        for cells in clean:
            typer.echo("\t".join(cells))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        width = max(len(cells[number]) for cells in [columns, *clean])
        table.add_column(column, no_wrap=True, min_width=width if number < whole else None)
    for cells in clean:
        table.add_row(*cells)
    console.print(table)
