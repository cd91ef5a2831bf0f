"""Which characters a text may hold, and how many."""

import re
from collections.abc import Mapping
from typing import NoReturn

import msgspec

from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import CharactersWrong, ParameterWrong, TooLong

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# What looks like a blank, or like nothing at all, at the end of a text: Unicode's space separators,
# the zero-width space, the word joiner and the byte order mark.
BLANKS = (
    " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000\u200b\u2060\ufeff"
)


class Characters(msgspec.Struct, frozen=True):
    """Which characters a text may hold: a pattern of the wrong ones, and words for the right.

    ``advice`` is what to do about one of the wrong ones, or, by "", about any.
    """

    wrong: re.Pattern[str]
    words: Phrase
    advice: Mapping[str, Phrase] = {}

    def refuse(self, found: re.Match[str]) -> NoReturn:
        """Refuse a text for the first of its characters that is not allowed."""
        advice = self.advice.get(found[0]) or self.advice.get("")
        fault = Phrase(
            "{character!r} at position {position} is not allowed; it takes {allowed}",
            character=found[0],
            position=found.start() + 1,
            allowed=self.words,
        )
        if advice:
            fault = Phrase("{fault}; {advice}", fault=fault, advice=advice)
        raise CharactersWrong.saying(fault)

    @property
    def pattern(self) -> str:
        """The right ones as a pattern, for OpenAPI; ``wrong`` is always one class of characters."""
        inner = self.wrong.pattern[1:-1]
        return f"^[{inner[1:]}]*$" if inner.startswith("^") else f"^[^{inner}]*$"


class TextBounds(msgspec.Struct, frozen=True):
    """How long a text may be, and of which characters."""

    longest: int
    characters: Characters

    def check(self, text: str, about: str) -> None:
        """Refuse a text that is too long, or has a character that is not allowed."""
        try:
            check_text(text, self.longest, self.characters)
        except ParameterWrong as fault:
            fault.about = about
            raise


def check_text(text: str, longest: int, characters: Characters) -> None:
    """Refuse a text that is too long, or has a character that is not allowed."""
    if len(text) > longest:
        raise TooLong("has {count} characters, at most {most} fit", count=len(text), most=longest)
    if found := characters.wrong.search(text):
        characters.refuse(found)


ANYTHING = Characters(re.compile(r"(?!)"), Phrase("any text"))
ANY = Characters(_CONTROL, Phrase("any text without control characters"))
NOTE = Characters(
    re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"),
    Phrase("any text with line breaks and tabs, without other control characters"),
)
WORD = Characters(re.compile(r"[^0-9A-Za-z_-]"), Phrase("letters, digits, _ and -"))
ALPHANUMERIC = Characters(re.compile(r"[^0-9A-Za-z]"), Phrase("letters and digits"))
DIGITS = Characters(re.compile(r"[^0-9]"), Phrase("digits"))
PHONE = Characters(re.compile(r"[^0-9*#]"), Phrase("digits, * and #"))
CALLED = Characters(
    re.compile(r"[^0-9*#]"),
    PHONE.words,
    {
        "+": Phrase(
            "send the number as the trunk dials it, with 00, another prefix or nothing in place of "
            "the +: only the operator of the server knows which one his trunk takes"
        )
    },
)
PRINTABLE = Characters(re.compile(r"[^!-~]"), Phrase("printable ASCII without blanks"))
PLAIN = Characters(
    re.compile(r"[\x00-\x1f\x7f-\x9f\"\[\]=;<>]"),
    Phrase('any text without " [ ] = ; < > and control characters'),
)
