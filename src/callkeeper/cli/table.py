"""A list as a person reads it: a table where it fits, and otherwise one entry below the other."""

import sys
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from callkeeper.terminal import harmless

_PIPE_WIDTH = 200
_WIDEST = 10_000


def console() -> Console:
    """Return standard output as rich sees it; a pipe is given room enough for a table."""
    return Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> None:
    """Print rows, or the sentence that says that there are none.

    What is printed is text and no markup of rich's. Where a line would have to be broken, each row
    is written as lines of column and value, and what is empty is left out.
    """
    if not rows:
        typer.echo(nothing)
        return
    out = console()
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*(Text(harmless(cell)) for cell in row))
    # Rich never measures more than the room it is given, so it is given enough.
    roomy = out.options.update(width=_WIDEST)
    if not sys.stdout.isatty() or Measurement.get(out, roomy, table).maximum <= out.width:
        out.print(table)
        return
    width = max(map(len, columns))
    for place, row in enumerate(rows):
        if place:
            out.print()
        for column, value in zip(columns, row, strict=True):
            if value:
                name = (f"{column:{width}}  ", "bold")
                out.print(Text.assemble(name, harmless(value)), soft_wrap=True)
