"""What others wrote, made harmless where people read it: a terminal, a log, a PBX's console.

And where it goes out: whatever the locale, and whoever reads it.
"""

import codecs
import os
import re
import select
import sys
from io import TextIOWrapper
from unicodedata import category

_ESCAPED = "callkeeper.escaped"
_BREAK = re.compile(r"\r\n|[\r\n\t]")

# What moves the cursor, colours, rings or renames a window (C0, DEL and C1), what ends a line in
# other words, what turns the direction of the text that follows, and what nobody sees; but U+200C
# and U+200D, which letters and emoji need.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
# Where many marks may stand on one letter: Python counts no mark as part of a word.
_MARKS = re.compile(r"[^\w\s\x00-\x7f]{9,}")
_SHOWN = 4  # digits of a number
_MARKS_MAX = 8  # on one letter; no script needs as many, and hundreds cover the lines around


def harmless(text: str) -> str:
    """Return a text on one line: breaks and tabs as blanks, the rest as escapes, as in JSON.

    JSON that is written on one line keeps its meaning.
    """
    if text.isascii() and text.isprintable():  # as nearly all is
        return text
    plain = _HARMFUL.sub(lambda found: _as_escape(found[0]), _BREAK.sub(" ", text))
    return _MARKS.sub(_unstacked, plain)


def _unstacked(found: re.Match[str]) -> str:
    """Return what was found with as many marks as a letter may have, the others as escapes."""
    told, marks = [], 0
    for each in found[0]:
        kind = category(each)
        if kind != "Cf":  # a joiner among marks begins no letter
            marks = marks + 1 if kind in ("Mn", "Me") else 0
        told.append(_as_escape(each) if marks > _MARKS_MAX else each)
    return "".join(told)


def shortened(number: str) -> str:
    """Return the end of a phone number, by which somebody who knows it knows it again."""
    shown = _SHOWN if len(number) > 2 * _SHOWN else min(_SHOWN // 2, len(number) // 2)
    return f"…{number[len(number) - shown :]}"


def blanked(text: str) -> str:
    """Return a text with a blank for each such character, for who takes no escapes."""
    return _HARMFUL.sub(" ", text)


def harmless_lines(text: str) -> str:
    """Return a text of ours, whose own lines stay."""
    return "\n".join(map(harmless, text.split("\n")))


def is_text(given: str) -> bool:
    """Whether an argument or a variable was UTF-8; Python keeps other bytes as surrogates."""
    return not any("\ud800" <= each <= "\udfff" for each in given)


def open_output() -> None:
    """Let output hold any text: what its locale has no character for, as JSON escapes it.

    What whoever started this process has closed is opened, and goes nowhere.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, number)
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))
    codecs.register_error(_ESCAPED, _escaped)
    for stream in _streams():
        stream.reconfigure(errors=_ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return _as_escape(error.object[error.start : error.end]), error.end


def _as_escape(text: str) -> str:
    """Return characters as JSON escapes them: one beyond 16 bits as a pair."""
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def reader_has_gone() -> bool:
    """Whether standard output or error is a pipe that nobody reads any more."""
    watch = select.poll()
    for stream in _streams():
        watch.register(stream.fileno(), 0)  # what went wrong is told unasked
    return any(found & select.POLLERR for _, found in watch.poll(0))


def finish_output() -> None:
    """Write what is not written yet; what cannot be written was told of when it was tried."""
    for stream in _streams():
        try:
            stream.flush()
        except OSError:  # Python would try again at its end, and say so
            with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - no path of ours
                os.dup2(nothing.fileno(), stream.fileno())


def _streams() -> list[TextIOWrapper]:
    """Return standard output and error, as far as they are open."""
    return [each for each in (sys.stdout, sys.stderr) if isinstance(each, TextIOWrapper)]
