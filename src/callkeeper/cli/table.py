"""A list as a person reads it, one row a line, written while its rows arrive.

At a terminal no line is wider than that: texts are cut, then what tells least is left out, and
where even that is too wide each row is one entry below the other. What goes elsewhere has every
column in full.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import typer
from rich.cells import cell_len, set_cell_size

from callkeeper.terminal import harmless

PAGE_ROWS = 100  # as many as the client asks for at once; the first ones are shown before the next

_GAP = "  "
_CUT = "…"
_CUT_LEAST = 8

Widths = Mapping[int, int]  # of the columns that are shown, by their places


class Column(NamedTuple):
    """A column, and what may become of it where there is no room for all."""

    title: str
    is_cut: bool = False
    is_left_out: bool = False


def print_table(
    columns: Sequence[Column | str], rows: Iterable[Sequence[str]], nothing: str
) -> int:
    """Print rows as they come, and return how many; or the sentence that says that there are none.

    What is printed is text, and steers no terminal.
    """
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    table = Table([Column(each) if isinstance(each, str) else each for each in columns], room)
    count = 0
    for page in _pages(rows):
        typer.echo("\n".join(table.lines(page)))
        count += len(page)
    if count == 0:
        typer.echo(nothing)
    elif table.left_out:
        typer.echo(f"there is no room for {', '.join(table.left_out)}; --json has everything")
    return count


def labelled(said: Mapping[str, str]) -> list[str]:
    """Return a line for each value, after its label; none for what is empty."""
    there = {label: value for label, value in said.items() if value}
    wide = max(map(len, there), default=0)
    return [f"  {label:{wide}}{_GAP}{value}" for label, value in there.items()]


class Table:
    """Columns, as wide as what was seen so far needs. ``room`` is None where all has some."""

    def __init__(self, columns: Sequence[Column], room: int | None) -> None:
        self._columns = columns
        self._room = room
        self._rows = 0
        self._needed = [0] * len(columns)
        self._widths: Widths | None = None

    @property
    def left_out(self) -> list[str]:
        """Return the titles of what is not shown, though something stands in it."""
        if self._widths is None:
            return []
        there = [place for place, most in enumerate(self._needed) if most]
        return [self._columns[place].title for place in there if place not in self._widths]

    def lines(self, page: Sequence[Sequence[str]]) -> list[str]:
        """Return the lines of the next rows, below titles where these are new or have moved."""
        rows = [list(map(harmless, row)) for row in page]
        before = self._widths
        if self._rows == 0 or self._room is not None:  # elsewhere nobody is told of a new width
            widest = (max(map(_width, cells)) for cells in zip(*rows, strict=True))
            needed = list(map(max, self._needed, widest))
            if self._rows == 0 or needed != self._needed:
                self._needed = needed
                self._widths = self._fitting()
        found: list[str] = []
        if self._widths is None:
            for row in rows:
                found += [""] * bool(found or self._rows) + self._entry(row)
        else:
            if self._widths != before:
                titles = self._line([each.title for each in self._columns])
                found += [""] * bool(self._rows) + [_bold(titles)]
            found += map(self._line, rows)
        self._rows += len(rows)
        return found

    def _fitting(self) -> Widths | None:
        """Return the columns that are shown and their widths; None: there is no room for a line."""
        shown = {
            place: max(most, _width(self._columns[place].title))
            for place, most in enumerate(self._needed)
            if most or self._room is None
        }
        if self._room is None:
            return shown
        while (fitting := self._cut(shown, self._room)) is None:
            spare = [place for place in shown if self._columns[place].is_left_out]
            if not spare:
                return None
            del shown[spare[-1]]
        return fitting

    def _cut(self, shown: Widths, room: int) -> Widths | None:
        """Return widths that fit, if those of texts may shrink, the widest one first."""
        fitting = dict(shown)
        excess = sum(shown.values()) + len(_GAP) * (len(shown) - 1) - room
        texts = [place for place in shown if self._columns[place].is_cut]
        while excess > 0 and texts:
            widest = max(texts, key=fitting.__getitem__)
            if fitting[widest] > max(_CUT_LEAST, _width(self._columns[widest].title)):
                fitting[widest] -= 1
                excess -= 1
            else:
                texts.remove(widest)
        return fitting if excess <= 0 else None

    def _line(self, row: Sequence[str]) -> str:
        widths = self._widths or {}
        return _GAP.join(self._cell(row[place], most) for place, most in widths.items()).rstrip()

    def _cell(self, text: str, wide: int) -> str:
        missing = wide - _width(text)
        if missing >= 0 or self._room is None:
            return text + " " * missing
        return _filled(set_cell_size(text, wide - 1).rstrip() + _CUT, wide)

    def _entry(self, row: Sequence[str]) -> list[str]:
        wide = max(_width(each.title) for each in self._columns)
        return [
            f"{_bold(_filled(each.title, wide))}{_GAP}{value}"
            for each, value in zip(self._columns, row, strict=True)
            if value
        ]


def _pages(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    given = iter(rows)
    while page := list(islice(given, PAGE_ROWS)):
        yield page


def _bold(text: str) -> str:
    return text if os.environ.get("TERM") == "dumb" else typer.style(text, bold=True)


def _filled(text: str, wide: int) -> str:
    return text + " " * (wide - _width(text))


def _width(text: str) -> int:
    """Return the columns of a terminal that a text takes: two for each Chinese character."""
    return len(text) if text.isascii() else cell_len(text)
