"""Sentences at a terminal: broken between words, where the terminal would break one in two.

What goes elsewhere stays as it is, each on its line.
"""

import shutil
import sys
import unicodedata

import typer

_INDENT = "  "  # of what goes on, below a line that is itself indented
_WIDE = ("W", "F")
_LEAST = 20  # columns, below which nothing is gained


def say(*lines: str, err: bool = False) -> None:
    """Print lines, none of them wider than the terminal that they are read at."""
    wide = room(err=err)
    if wide is not None:
        lines = tuple(part for line in lines for part in wrapped(line, wide))
    typer.echo("\n".join(lines), err=err)


def room(*, err: bool = False) -> int | None:
    """Return how many columns the terminal has; None: what is written goes to no terminal."""
    stream = sys.stderr if err else sys.stdout
    return shutil.get_terminal_size().columns if stream.isatty() else None


def wrapped(text: str, wide: int) -> list[str]:
    """Return a text on one line as lines that fit; a word that is wider than one is cut."""
    if width(text) <= wide or wide < _LEAST:
        return [text]
    plain = text.lstrip(" ")
    first = text[: len(text) - len(plain)]
    rest = first + _INDENT if first else ""
    lines, line = [], first
    for word in plain.split(" "):
        gap = " " if line.strip() else ""
        if gap and width(line) + 1 + width(word) > wide:
            lines.append(line)
            line, gap = rest, ""
        line += gap + word
        while width(line) > wide:
            line, after = cut(line, wide)
            lines.append(line)
            line = rest + after
    return [*lines, line]


def cut(text: str, wide: int) -> tuple[str, str]:
    """Return as much of a text as so many columns hold, and what is left."""
    taken = 0
    for place, character in enumerate(text):
        taken += _width(character)
        if taken > wide:
            return text[:place], text[place:]
    return text, ""


def width(text: str) -> int:
    """Return the columns of a terminal that a text takes: two for each Chinese character."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):  # they go on top of the one before
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
