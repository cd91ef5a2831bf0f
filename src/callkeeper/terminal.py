"""What others wrote, made harmless where people read it: a terminal, a log, a PBX's console."""

import re

_BREAK = re.compile(r"\r\n|[\r\n\t]")

# What moves the cursor, colours, rings or renames a window (C0, DEL and C1), what ends a line in
# other words, and what turns the direction of the text that follows.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def harmless(text: str) -> str:
    """Return a text on one line: breaks and tabs as blanks, the rest as escapes, as in JSON.

    JSON that is written on one line keeps its meaning.
    """
    if text.isprintable():  # as nearly all is; nothing that does harm counts as printable
        return text
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", _BREAK.sub(" ", text))


def blanked(text: str) -> str:
    """Return a text with a blank for each such character, for who takes no escapes."""
    return _HARMFUL.sub(" ", text)


def harmless_lines(text: str) -> str:
    """Return a text of ours, whose own lines stay."""
    return "\n".join(map(harmless, text.split("\n")))


def is_text(given: str) -> bool:
    """Whether an argument or a variable was UTF-8; Python keeps other bytes as surrogates."""
    return not any("\ud800" <= each <= "\udfff" for each in given)
