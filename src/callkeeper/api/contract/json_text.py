"""JSON that comes in: read, and when it cannot be, what is wrong with it in one plain sentence.

The fast parser's own words are for programmers of parsers. So what it refuses is read a second
time, by one that says where it stopped, and told from what stands there.
"""

import json
import re
from typing import Any, NoReturn

import msgspec

from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import ParameterWrong

BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_QUOTES = "'`\u2018\u2019\u201c\u201d"
_TOO_DEEP = Phrase("is nested too deeply")


class _ConstantError(ValueError):
    """A word like NaN stands where a value is due."""


class _TwiceError(ValueError):
    """An object names a member more than once."""


def read_json(raw: bytes) -> Any:  # noqa: ANN401 - JSON comes in
    """Return what JSON in UTF-8 holds; raise ParameterWrong with what the text does wrong.

    A byte order mark before it is passed over, as RFC 8259 allows. Of a name that is there twice,
    nobody can tell which one is meant.
    """
    try:
        found = msgspec.json.decode(raw)
    except RecursionError as error:
        raise ParameterWrong.saying(_TOO_DEEP) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = raw.removeprefix(BOM)
        if text != raw and not text.startswith(BOM):
            return read_json(text)
        raise ParameterWrong.saying(_fault(text)) from error
    # Each member has a colon of its own, so that as many colons as members leave none for a second.
    if type(found) is not dict or raw.count(b":") != len(found):
        _check_names(raw)
    return found


def _check_names(raw: bytes) -> None:
    try:
        json.loads(raw, object_pairs_hook=_members)
    except _TwiceError as error:
        raise ParameterWrong(
            "names {name} more than once; send it once", name=str(error)
        ) from error
    except RecursionError as error:
        raise ParameterWrong.saying(_TOO_DEEP) from error


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _TwiceError(repr(name[:64]))
            seen.add(name)
    return members


def _fault(raw: bytes) -> Phrase:
    """Return what is wrong with it."""
    if raw.startswith(_UTF_16) or b"\x00" in (raw[:1], raw[1:2]):
        return Phrase("is not UTF-8 but, it seems, UTF-16; encode it as UTF-8")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return _not_utf8(raw, error)
    if half := _HALF.search(text):
        return Phrase(
            "holds half a character, {half} at position {position}; the two halves of an emoji "
            "belong together, so do not cut a text between them",
            half=half[0],
            position=half.start() + 1,
        )
    return _no_json(text)


def _no_json(text: str) -> Phrase:
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return Phrase("is no JSON: {fault}", fault=_stopped(text, error) or _expected(text, error))
    except _ConstantError as error:
        return Phrase(
            "is no JSON: {word} is no value there; leave the field out, or send null",
            word=str(error),
        )
    except RecursionError:
        return _TOO_DEEP
    except ValueError:
        pass  # a number of thousands of digits
    return Phrase("holds a number that is too large")


def _not_utf8(raw: bytes, error: UnicodeDecodeError) -> Phrase:
    place, byte = error.start + 1, raw[error.start]
    if byte == 0xED and error.reason == "invalid continuation byte":  # noqa: PLR2004
        return Phrase(
            "is not UTF-8: half a character is encoded at byte {place}; the two halves of an emoji "
            "are encoded together",
            place=place,
        )
    if error.reason == "unexpected end of data":
        return Phrase(
            "ends in the middle of a character, after {count} bytes; send all of it",
            count=len(raw),
        )
    if _is_gbk(raw):
        return Phrase(
            "is not UTF-8: byte 0x{byte:02x} at byte {place} looks like GBK; encode it as UTF-8",
            byte=byte,
            place=place,
        )
    return Phrase(
        "is not UTF-8: byte 0x{byte:02x} at byte {place}; encode it as UTF-8",
        byte=byte,
        place=place,
    )


def _is_gbk(raw: bytes) -> bool:
    try:
        raw.decode("gbk")
    except UnicodeDecodeError:
        return False
    return True


def _stopped(text: str, error: json.JSONDecodeError) -> Phrase | None:
    """Return what stands where the second parser stopped, if that alone tells."""
    here, place = text[error.pos : error.pos + 1], error.pos + 1
    if error.msg.startswith("Unterminated string"):
        return Phrase(
            'it ends inside the String that begins at position {place}; was it cut, or is a " '
            "missing?",
            place=place,
        )
    if not text.strip():
        return Phrase("it holds nothing but blanks")
    if not here:
        return Phrase(
            "it ends in the middle, after {count} characters; send all of it", count=len(text)
        )
    if here in _QUOTES:
        return Phrase(
            "names and Strings stand in double quotes, not in {quote} as at position {place}",
            quote=here,
            place=place,
        )
    if here < " " or here == "\x7f":
        return _control(here, place)
    return None


def _control(here: str, place: int) -> Phrase:
    if here == "\x00":
        return Phrase(
            "a NUL stands at position {place}, where it may not; leave it out", place=place
        )
    if here in "\r\n":
        return Phrase(
            "a line break stands at position {place}, where it may not; inside a String it is "
            "written \\n",
            place=place,
        )
    if here == "\t":
        return Phrase(
            "a tab stands at position {place}, where it may not; inside a String it is written \\t",
            place=place,
        )
    return Phrase(
        "a control character stands at position {place}, where it may not; leave it out",
        place=place,
    )


def _expected(text: str, error: json.JSONDecodeError) -> Phrase:
    """Return what should stand there."""
    here, place = text[error.pos], error.pos + 1
    before = text[: error.pos].rstrip()[-1:]
    if not before:
        return Phrase("it begins with {here!r}, and a JSON object begins with {{", here=here)
    if before == "," and here in "}]":
        return Phrase(
            "the comma before {here} at position {place} is one too many", here=here, place=place
        )
    if error.msg.startswith("Extra data"):
        return Phrase("more follows after its end, at position {place}", place=place)
    if "escape" in error.msg:
        return Phrase(
            "{escape} at position {place} is no escape; a backslash itself is written twice",
            escape=text[error.pos : error.pos + 2],
            place=place,
        )
    if "property name" in error.msg:
        return Phrase("the name at position {place} must stand in double quotes", place=place)
    return _due(text, error)


def _due(text: str, error: json.JSONDecodeError) -> Phrase:
    place = error.pos + 1
    word = _WORD.match(text, error.pos)
    said = word[0] if word else text[error.pos]
    if error.msg.startswith("Expecting value"):
        return Phrase(
            "a value is due at position {place}, where {said!r:.64} stands", place=place, said=said
        )
    return Phrase(
        "a comma or colon is due at position {place}, where {said!r:.64} stands",
        place=place,
        said=said,
    )


def _refuse_constant(word: str) -> NoReturn:
    raise _ConstantError(word)
