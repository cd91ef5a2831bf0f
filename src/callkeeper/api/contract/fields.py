"""The fields of a body or query: what each may hold, and reading them.

A form is declared once and serves three: it makes a struct of what comes in, names the faults, and
writes itself into the OpenAPI document. Reading is liberal (a digit string where a number is due, a
whole number where a text is due, however either is written, unknown fields ignored) and of all
faults the first in the contract's order answers: presence, type, length, characters, meaning.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from callkeeper.api.contract.json_text import read_json
from callkeeper.core.characters import ANY, ANYTHING, BLANKS, Characters, check_text
from callkeeper.core.instants import INSTANT_MAX, INSTANT_MIN
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

T = TypeVar("T", bound=msgspec.Struct)

Schema = dict[str, Any]
Values = dict[str, Any]

_DIGITS = re.compile(r"(-?[0-9]{1,19})(?:\.0{1,9})?")
_BREAK = re.compile(r"[\r\n\t]")
_INT64 = (-(2**63), 2**63 - 1)
_EXACT = 2**53  # up to here a number that came with a point or an exponent is still exact

# What a time is sent in by mistake, and how many milliseconds one of it is.
_OTHER_UNITS = (
    (Phrase("seconds"), Fraction(1000)),
    (Phrase("microseconds"), Fraction(1, 1000)),
    (Phrase("nanoseconds"), Fraction(1, 10**6)),
)

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
_NOTHING: tuple[object, ...] = (None, "", [])
_TOO_LARGE = Phrase("a number too large to be exact")


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field: its name on the wire and ours, whether it must be there, and what it is.

    ``clears``: an empty text is a value, and takes away the one there was.
    """

    name: str
    ours: str
    says: str
    mandatory: bool = False
    clears: bool = False

    def take(self, value: Any) -> Any:  # noqa: ANN401 - JSON comes in
        """Return the value, checked; raise what is wrong with it."""
        raise NotImplementedError

    def give(self, value: Any) -> Any:  # noqa: ANN401 - JSON goes out
        """Return a value that was taken as the wire has it."""
        return value

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        raise NotImplementedError


class Text(Field, frozen=True, kw_only=True):
    """A String."""

    longest: int
    characters: Characters = ANY

    def take(self, value: Any) -> str:  # noqa: ANN401
        """Return the text."""
        text: str = value if type(value) is str else _digits(value)
        check_text(text, self.longest, self.characters)
        return text

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {
            "type": "string",
            **({"minLength": 1} if self.mandatory else {}),
            "maxLength": self.longest,
            **({} if self.characters is ANYTHING else {"pattern": self.characters.pattern}),
            "x-characters": self.characters.words.told(),
            "description": self.says,
        }


class Account(Text, frozen=True, kw_only=True):
    """A name by which somebody is found: blanks at its ends, which nobody sees, do not count."""

    def take(self, value: Any) -> str | None:  # type: ignore[override] # noqa: ANN401
        """Return the name; None if it is nothing but blanks."""
        if type(value) is str:
            value = value.strip(BLANKS)
            if not value and self.mandatory:
                raise ParameterMissing("holds nothing but blanks, send a value")
        return super().take(value) or None


class CalledNumber(Text, frozen=True, kw_only=True):
    """The number to be called, of which any fault of the text has one code of its own."""

    def take(self, value: Any) -> str:  # noqa: ANN401
        """Return the number."""
        try:
            return super().take(value)
        except (TooLong, CharactersWrong) as fault:
            raise NumberWrong.saying(fault.said) from fault


class JsonText(Text, frozen=True, kw_only=True):
    """A String that holds a JSON object, in as many lines as it likes.

    cec_07_0777 prints it as source code has it, with one more level of backslashes. A client that
    copies that sends it so; the text is then what it stands for, without that level.
    """

    characters: Characters = ANYTHING

    def take(self, value: Any) -> str:  # noqa: ANN401
        """Return the text, as it came but for a level of backslashes too many."""
        text = super().take(_unescaped(value) if type(value) is str else value)
        decoded = read_json(text.encode())
        if type(decoded) is not dict:
            raise ParameterWrong("must hold a JSON object, not {kind}", kind=_kind(decoded))
        return text.removeprefix("\ufeff")


class Integer(Field, frozen=True, kw_only=True):
    """An Integer, in a range that includes both ends."""

    least: int = _INT64[0]
    most: int = _INT64[1]
    unit: str = ""
    fault: type[ParameterWrong] = OutOfRange

    def take(self, value: Any) -> int:  # noqa: ANN401
        """Return the number."""
        number: int = value if type(value) is int else self._number(value)
        if not self.least <= number <= self.most:
            raise self.fault.saying(self._beyond(number))
        return number

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {
            "type": "integer",
            "format": "int64",
            "minimum": self.least,
            "maximum": self.most,
            **({"x-unit": self.unit} if self.unit else {}),
            "description": self.says,
        }

    _due: ClassVar[Phrase] = Phrase("an Integer")

    def _number(self, value: Any) -> int:  # noqa: ANN401
        digits = _DIGITS.fullmatch(value) if type(value) is str else None
        number = int(digits[1]) if digits else _whole(value)
        if number is None:
            raise TypeWrong("must be {due}, not {kind}", due=self._due, kind=_kind(value))
        return number

    def _beyond(self, _value: int) -> Phrase:
        return Phrase("must lie in {least}..{most}", least=self.least, most=self.most)


class TimeStamp(Integer, frozen=True, kw_only=True):
    """An instant on the wire: UTC milliseconds, in the years 2000 to 2099."""

    least: int = INSTANT_MIN
    most: int = INSTANT_MAX

    def _beyond(self, value: int) -> Phrase:
        for unit, milliseconds in _OTHER_UNITS:
            meant = int(value * milliseconds)
            if self.least <= meant <= self.most:
                return Phrase(
                    "{value} looks like {unit}; a TimeStamp is in milliseconds, send {meant}",
                    value=value,
                    unit=unit,
                    meant=meant,
                )
        return Phrase(
            "{value:.32} is no time in 2000 to 2099 as UTC milliseconds", value=str(value)
        )

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


class Array(Field, frozen=True, kw_only=True):
    """An Array, of which each element is of one kind."""

    each: "Text | Fields"
    most: int

    def check_count(self, elements: list[Any]) -> None:
        """Refuse more elements than may be there."""
        if len(elements) > self.most:
            raise TooMany(
                "has {count} elements, at most {most} fit", count=len(elements), most=self.most
            )

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {
            "type": "array",
            "items": self.each.schema(),
            "maxItems": self.most,
            "description": self.says,
        }


class Texts(Array, frozen=True, kw_only=True):
    """An Array of Strings."""

    each: Text

    def take(self, value: Any) -> list[str] | None:  # noqa: ANN401
        """Return the texts that are not empty; a list without any is as good as none."""
        if type(value) is not list:
            raise TypeWrong("must be an Array of Strings, not {kind}", kind=_kind(value))
        self.check_count(value)
        texts = [self.each.take(element) for element in value if element not in (None, "")]
        return [text for text in texts if text] or None


class Fields:
    """The fields of one body, query or nested object."""

    def __init__(self, *fields: Field) -> None:
        self.fields = fields
        self._each = [(each, each.name, each.ours, each.take) for each in fields]

    def values(self, body: Mapping[str, Any]) -> Values:
        """Return the values that are there, by our names; raise the fault that comes first."""
        values: Values = {}
        first: ParameterWrong | None = None
        first_rank = _MEANING + 1
        for field, name, ours, take in self._each:
            value = body.get(name)
            try:
                if value not in _NOTHING:
                    values[ours] = take(value)
                elif field.mandatory:
                    raise ParameterMissing("is mandatory, send a value")
                elif value == "" and field.clears:
                    values[ours] = ""
            except ParameterWrong as fault:
                rank = _RANK.get(type(fault), _MEANING)
                if rank < first_rank:
                    first, first_rank = fault.within(name), rank
        if first is not None:
            raise first
        return values

    def schema(self) -> Schema:
        """Return them as an OpenAPI object."""
        return {
            "type": "object",
            "properties": {field.name: field.schema() for field in self.fields},
            **_required([field.name for field in self.fields if field.mandatory]),
        }

    def names(self) -> dict[str, str]:
        """Return the wire's name for each of ours."""
        return {field.ours: field.name for field in self.fields}


class Form(Fields, Generic[T]):
    """Fields that make a struct. Raise TypeError where they are not its own."""

    def __init__(self, makes: type[T], *fields: Field) -> None:
        super().__init__(*fields)
        check_fit(makes, fields)
        self._makes = makes

    def read(self, body: Mapping[str, Any]) -> T:
        """Return what a body says; raise the fault that comes first."""
        return self._makes(**self.values(body))


class Nothing(msgspec.Struct, frozen=True):
    """What an interface is told that needs no fields."""


def check_fit(makes: type[msgspec.Struct], fields: Sequence[Field]) -> None:
    """Raise TypeError where a struct does not have the fields, or cannot do with them."""
    told = {field.ours: field.mandatory for field in fields}
    members = {member.name: member.required for member in msgspec.structs.fields(makes)}
    for name in told.keys() - members.keys():
        raise TypeError(f"{makes.__name__} has no {name}")
    for name, is_needed in members.items():
        if is_needed and not told.get(name):
            raise TypeError(f"{makes.__name__} needs {name}, which no field is sure to hold")


def _required(names: list[str]) -> Schema:
    return {"required": names} if names else {}


def _unescaped(text: str) -> str:
    """Return the JSON object that a text is when it is unescaped once more; else the text."""
    inner = _decoded(text)
    if inner is None:
        inner = _decoded(f'"{_BREAK.sub(" ", text)}"')
    is_object = isinstance(inner, str) and isinstance(_decoded(inner), dict)
    return inner if is_object else text


def _decoded(text: str) -> Any:  # noqa: ANN401 - JSON comes in
    """Return what a JSON text holds; None if it is null, or no JSON."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _digits(value: object) -> str:
    """Return a whole number as the text that it stands for."""
    number = _whole(value)
    if number is None:
        raise TypeWrong("must be a String, not {kind}", kind=_kind(value))
    return str(number)


def _whole(value: object) -> int | None:
    """Return the whole number that a number is, however it was written: 1, 1.0 or 1e0."""
    if type(value) is float and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    return value if type(value) is int else None


def _kind(value: object) -> Phrase:
    if type(value) is float and value.is_integer():
        return _TOO_LARGE
    return _KINDS.get(type(value), _NULL)
