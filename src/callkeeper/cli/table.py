"""A list as a person reads it, one row a line, written while its rows arrive.

At a terminal no line is wider than that: texts are cut, then what tells least is left out, and
where even that is too wide each row is one entry below the other. A text that is the point of a
table goes on below itself instead. What goes elsewhere has every column in full.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import typer

from callkeeper.cli.sentence import cut, room, say, width, wrapped
from callkeeper.terminal import harmless

PAGE_ROWS = 100  # as many as the client asks for at once; the first ones are shown before the next

_GAP = "  "
_CUT = "…"
_CUT_LEAST = 8
_WRAPPED_LEAST = 28

Widths = Mapping[int, int]  # of the columns that are shown, by their places


class Column(NamedTuple):
    """A column, and what may become of it where there is no room for all.

    The last one may be wrapped: it goes on in lines of its own.
    """

    title: str
    is_cut: bool = False
    is_left_out: bool = False
    is_wrapped: bool = False


def print_table(
    columns: Sequence[Column | str], rows: Iterable[Sequence[str]], nothing: str
) -> int:
    """Print rows as they come, and return how many; or the sentence that says that there are none.

    What is printed is text, and steers no terminal.
    """
    given = [Column(each) if isinstance(each, str) else each for each in columns]
    table = Table(given, room())
    count = 0
    for page in _pages(rows):
        typer.echo("\n".join(table.lines(page)))
        count += len(page)
    if count == 0:
        say(nothing)
    elif table.left_out:
        say(f"a wider terminal shows {', '.join(table.left_out)} too, and so does `| less -S`")
    return count


def labelled(said: Mapping[str, str]) -> list[str]:
    """Return a line for each value, after its label, and what does not fit below it.

    There is none for what is empty.
    """
    there = {label: value for label, value in said.items() if value}
    indent = max(map(len, there), default=0) + 2 * len(_GAP)
    columns = room()
    return [
        f"{_GAP + label if not place else '':{indent}}{part}"
        for label, value in there.items()
        for place, part in enumerate(
            [value] if columns is None else wrapped(harmless(value), columns - indent)
        )
    ]


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
            widest = (max(map(width, cells)) for cells in zip(*rows, strict=True))
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
                (titles,) = self._lines([each.title for each in self._columns])
                found += [""] * bool(self._rows) + [_bold(titles)]
            found += (line for row in rows for line in self._lines(row))
        self._rows += len(rows)
        return found

    def _fitting(self) -> Widths | None:
        """Return the columns that are shown and their widths; None: there is no room for a line."""
        shown = {
            place: max(most, width(self._columns[place].title))
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
        for may_shrink, least in ((_is_wrapped, _WRAPPED_LEAST), (_is_cut, _CUT_LEAST)):
            texts = [place for place in shown if may_shrink(self._columns[place])]
            while excess > 0 and texts:
                widest = max(texts, key=fitting.__getitem__)
                if fitting[widest] > max(least, width(self._columns[widest].title)):
                    fitting[widest] -= 1
                    excess -= 1
                else:
                    texts.remove(widest)
        return fitting if excess <= 0 else None

    def _lines(self, row: Sequence[str]) -> list[str]:
        """Return a row: one line, and below it what its last text has more."""
        widths = self._widths or {}
        *before, last = widths
        line = "".join(self._cell(row[each], widths[each]) + _GAP for each in before)
        if self._room is None or not self._columns[last].is_wrapped:
            return [(line + self._cell(row[last], widths[last])).rstrip()]
        first, *more = wrapped(row[last], widths[last])
        return [(line + first).rstrip(), *(" " * width(line) + each for each in more)]

    def _cell(self, text: str, wide: int) -> str:
        missing = wide - width(text)
        if missing >= 0 or self._room is None:
            return text + " " * missing
        return _filled(cut(text, wide - 1)[0].rstrip() + _CUT, wide)

    def _entry(self, row: Sequence[str]) -> list[str]:
        wide = max(width(each.title) for each in self._columns)
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
    is_plain = os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR")
    return text if is_plain else typer.style(text, bold=True)


def _filled(text: str, wide: int) -> str:
    return text + " " * (wide - width(text))


def _is_wrapped(column: Column) -> bool:
    return column.is_wrapped


def _is_cut(column: Column) -> bool:
    return column.is_cut
