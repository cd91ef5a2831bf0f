"""The fields of a body or query: what each may hold, and reading them.

A form is declared once and serves three: it checks what comes in, names the faults, and writes
itself into the OpenAPI document. Reading is liberal (a digit string where a number is due, a whole
number where a text is due, unknown fields ignored) and of all faults the first in the contract's
order answers: presence, type, length, characters, meaning.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import (
    CharactersWrong,
    NumberWrong,
    OutOfRange,
    ParameterMissing,
    ParameterWrong,
    TooLong,
    TooMany,
    TypeWrong,
)

Schema = dict[str, Any]
Values = dict[str, Any]

_DIGITS = re.compile(r"-?[0-9]{1,19}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INT64 = (-(2**63), 2**63 - 1)
_YEAR_2000 = 946_684_800_000
_YEAR_2100 = 4_102_444_800_000

# The contract's order of checks; whatever is not named is a matter of meaning and comes last.
_RANK: dict[type[ParameterWrong], int] = {
    ParameterMissing: 0,
    TypeWrong: 1,
    TooLong: 2,
    TooMany: 2,
    CharactersWrong: 3,
}
_MEANING = 4

_KINDS: dict[type, Phrase] = {
    bool: Phrase("a Boolean"),
    int: Phrase("a number"),
    float: Phrase("a number with a fraction"),
    str: Phrase("a String"),
    list: Phrase("an Array"),
    dict: Phrase("an Object"),
}
_NULL = Phrase("null")


class Characters(msgspec.Struct, frozen=True):
    """Which characters a text may hold: a pattern of the wrong ones, and words for the right."""

    wrong: re.Pattern[str]
    words: Phrase

    def check(self, text: str) -> None:
        """Refuse the first character that is not allowed."""
        if found := self.wrong.search(text):
            raise CharactersWrong(
                "{character!r} at position {position} is not allowed; it takes {allowed}",
                character=found[0],
                position=found.start() + 1,
                allowed=self.words,
            )

    @property
    def pattern(self) -> str:
        """The right ones as a pattern, for OpenAPI; ``wrong`` is always one class of characters."""
        inner = self.wrong.pattern[1:-1]
        return f"^[{inner[1:]}]*$" if inner.startswith("^") else f"^[^{inner}]*$"


ANY = Characters(_CONTROL, Phrase("any text without control characters"))
WORD = Characters(re.compile(r"[^0-9A-Za-z_-]"), Phrase("letters, digits, _ and -"))
ALPHANUMERIC = Characters(re.compile(r"[^0-9A-Za-z]"), Phrase("letters and digits"))
DIGITS = Characters(re.compile(r"[^0-9]"), Phrase("digits"))
PHONE = Characters(re.compile(r"[^0-9*#]"), Phrase("digits, * and #"))
PRINTABLE = Characters(re.compile(r"[^!-~]"), Phrase("printable ASCII without blanks"))
PLAIN = Characters(re.compile(r"[\x00-\x1f\x7f-\x9f\"\[\]=;<>]"), Phrase('none of " [ ] = ; < >'))


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field: its name on the wire and ours, whether it must be there, and what it is."""

    name: str
    ours: str
    says: str
    mandatory: bool = False

    def take(self, value: Any) -> Any:  # noqa: ANN401 - JSON comes in
        """Return the value, checked; raise what is wrong with it."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        raise NotImplementedError


class Text(Field, frozen=True, kw_only=True):
    """A String."""

    longest: int
    characters: Characters = ANY

    def take(self, value: Any) -> str:  # noqa: ANN401
        """Return the text."""
        if type(value) is int:
            value = str(value)
        if type(value) is not str:
            raise TypeWrong("must be a String, not {kind}", kind=_kind(value))
        if len(value) > self.longest:
            raise TooLong(
                "has {count} characters, at most {most} fit", count=len(value), most=self.longest
            )
        self.characters.check(value)
        return value

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {
            "type": "string",
            **({"minLength": 1} if self.mandatory else {}),
            "maxLength": self.longest,
            "pattern": self.characters.pattern,
            "x-characters": self.characters.words.told(),
            "description": self.says,
        }


class CalledNumber(Text, frozen=True, kw_only=True):
    """The number to be called, of which any fault of the text has one code of its own."""

    def take(self, value: Any) -> str:  # noqa: ANN401
        """Return the number."""
        try:
            return super().take(value)
        except (TooLong, CharactersWrong) as fault:
            raise NumberWrong.saying(fault.said) from fault


class JsonText(Text, frozen=True, kw_only=True):
    """A String that holds a JSON object."""

    def take(self, value: Any) -> str:  # noqa: ANN401
        """Return the text, as it came."""
        text = super().take(value)
        try:
            decoded = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ParameterWrong("must hold JSON ({error})", error=str(error)) from error
        if not isinstance(decoded, dict):
            raise ParameterWrong("must hold a JSON object, not {kind}", kind=_kind(decoded))
        return text


class Integer(Field, frozen=True, kw_only=True):
    """An Integer, in a range that includes both ends."""

    least: int = _INT64[0]
    most: int = _INT64[1]
    fault: type[ParameterWrong] = OutOfRange

    def take(self, value: Any) -> int:  # noqa: ANN401
        """Return the number."""
        if type(value) is str and _DIGITS.fullmatch(value):
            value = int(value)
        if type(value) is not int:
            raise TypeWrong("must be {due}, not {kind}", due=self._due, kind=_kind(value))
        if not self.least <= value <= self.most:
            raise self.fault("must lie in {least}..{most}", least=self.least, most=self.most)
        return value

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {
            "type": "integer",
            "format": "int64",
            "minimum": self.least,
            "maximum": self.most,
            "description": self.says,
        }

    _due: ClassVar[Phrase] = Phrase("an Integer")


class Instant(Integer, frozen=True, kw_only=True):
    """A TimeStamp: UTC milliseconds, in the years 2000 to 2099."""

    least: int = _YEAR_2000
    most: int = _YEAR_2100 - 1

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {**super().schema(), "x-type": "TimeStamp"}

    _due: ClassVar[Phrase] = Phrase("a TimeStamp, a whole number of UTC milliseconds")


class Choice(Field, frozen=True, kw_only=True):
    """An Integer that is one of a few, each with a meaning of ours."""

    choices: Mapping[int, Any]

    def take(self, value: Any) -> Any:  # noqa: ANN401
        """Return what the number means."""
        number = Integer(name=self.name, ours=self.ours, says=self.says).take(value)
        if number not in self.choices:
            allowed = ", ".join(map(str, self.choices))
            raise OutOfRange("{number} is none of {allowed}", number=number, allowed=allowed)
        return self.choices[number]

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {"type": "integer", "enum": list(self.choices), "description": self.says}


class Texts(Field, frozen=True, kw_only=True):
    """An Array of Strings."""

    each: Text
    most: int

    def take(self, value: Any) -> list[str]:  # noqa: ANN401
        """Return the texts; an empty list is as good as none."""
        if type(value) is not list:
            raise TypeWrong("must be an Array of Strings, not {kind}", kind=_kind(value))
        if len(value) > self.most:
            raise TooMany(
                "has {count} elements, at most {most} fit", count=len(value), most=self.most
            )
        return [self.each.take(element) for element in value]

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {
            "type": "array",
            "items": self.each.schema(),
            "maxItems": self.most,
            "description": self.says,
        }


class Form:
    """The fields of one body, query or nested object."""

    def __init__(self, *fields: Field) -> None:
        self.fields = fields

    def read(self, body: Mapping[str, Any]) -> Values:
        """Return the values that are there, by our names; raise the fault that comes first."""
        values: Values = {}
        first: ParameterWrong | None = None
        first_rank = _MEANING + 1
        for field in self.fields:
            value = body.get(field.name)
            try:
                if value not in (None, "", []):
                    values[field.ours] = field.take(value)
                elif field.mandatory:
                    raise ParameterMissing("is mandatory, send a value")
            except ParameterWrong as fault:
                rank = _RANK.get(type(fault), _MEANING)
                if rank < first_rank:
                    first, first_rank = fault.within(field.name), rank
        if first is not None:
            raise first
        return values

    def schema(self) -> Schema:
        """Return the form as an OpenAPI object."""
        return {
            "type": "object",
            "properties": {field.name: field.schema() for field in self.fields},
            **_required([field.name for field in self.fields if field.mandatory]),
        }

    def names(self) -> dict[str, str]:
        """Return the wire's name for each of ours."""
        return {field.ours: field.name for field in self.fields}


def _required(names: list[str]) -> Schema:
    return {"required": names} if names else {}


def _kind(value: object) -> Phrase:
    return _KINDS.get(type(value), _NULL)
