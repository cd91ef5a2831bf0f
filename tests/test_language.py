"""Whatever people may be told can be told in Chinese: refusals, pages and the words of tables."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO
from string import Formatter
from typing import NamedTuple

import pytest
from babel.messages.pofile import read_po

from callkeeper.console.board import TILE_WORDS
from callkeeper.console.campaigns import DEVICE_WORDS, RETRY_WORDS, STATE_WORDS, STORY_WORDS
from callkeeper.console.causes import CAUSE_WORDS
from callkeeper.console.day import CAME_TO_WORDS
from callkeeper.console.deeds import DEED_WORDS
from callkeeper.console.health import CHECK_WORDS
from callkeeper.console.hours import STANDING_WORDS
from callkeeper.console.lines import LINE_WORDS, OUTCOME_WORDS
from callkeeper.console.press import DESK_WORDS, EVENT_WORDS, ROLE_WORDS, WHO_WORDS
from callkeeper.core.reservations.result_codes import WORDS
from callkeeper.language import CHINESE, named, translations, translator
from tests.console.templates import Telling, sources, tellings
from tests.surface import SOURCE

# The client stands alone: what it raises has the name of a refusal, and the server's own words.
CLIENT = "client"

# Keywords of a refusal that need no place in its template.
BESIDES = {"about", "wait_seconds", "detail"}

MAY_PASS_ON = {
    ("core/refusal.py", "Phrase"): "it makes every refusal's phrase",
    (
        "api/contract/auth.py",
        "Phrase",
    ): "a SigningError's own template, which is read where it is raised",
    ("asyncstore/codec.py", "Phrase"): "what a refusal said in another process of ours",
    ("console/press.py", "Phrase"): "what a page tells, which is read in its template",
}

# What a page may tell that is no literal there: a refusal, a trouble, a word of a table.
TOLD_ELSEWHERE = {
    "refused.phrase",
    "title",
    "says",
    "role_words[]",
    "event_words.get()",
    "deed_words.get()",
    "device_words[]",
    "check_words.get()",
    "line_words[]",
    "outcome_words.get()",
    "retry_words[]",
    "state_words[]",
    "story_words.get()",
} | {
    "words",
    "tile_words[]",
    "shown_words[]",
    "words[]",
    "cause_words[]",
    "label",
}

TABLES: dict[str, Mapping[str, str]] = {
    "STANDING_WORDS": STANDING_WORDS,
    "CAME_TO_WORDS": {str(each): words for each, words in CAME_TO_WORDS.items()},
    "CAUSE_WORDS": CAUSE_WORDS,
    "ROLE_WORDS": ROLE_WORDS,
    "TILE_WORDS": {str(each): words for each, words in TILE_WORDS.items()},
    "DESK_WORDS": DESK_WORDS,
    "EVENT_WORDS": EVENT_WORDS,
    "DEED_WORDS": DEED_WORDS,
    "LINE_WORDS": LINE_WORDS,
    "OUTCOME_WORDS": OUTCOME_WORDS,
    "CHECK_WORDS": CHECK_WORDS,
    "DEVICE_WORDS": {str(each): words for each, words in DEVICE_WORDS.items()},
    "RETRY_WORDS": RETRY_WORDS,
    "STATE_WORDS": STATE_WORDS,
    "STORY_WORDS": STORY_WORDS,
    "WHO_WORDS": WHO_WORDS,
    "result_codes.WORDS": WORDS,
}

# In Chinese it is the same, as is what has no words between its places.
ALIKE = {"null"}


class Said(NamedTuple):
    """A template as it stands in the source, and the keywords that come with it."""

    where: str
    template: str
    given: frozenset[str]


def test_no_refusal_is_a_finished_sentence() -> None:
    assert [where for where, call in _calls() if _finished(where, call)] == []


def test_a_place_that_may_pass_a_template_on_still_does() -> None:
    faults = {(where.partition(":")[0], _name(call)) for where, call in _calls() if _wrong(call)}
    assert faults == set(MAY_PASS_ON)


def test_every_place_has_a_value_and_every_value_a_place() -> None:
    faults = []
    for said in _said():
        places = {name for name, _, _ in _places(said.template)}
        missing = places - said.given if said.given - BESIDES else set()
        if missing or said.given - places - BESIDES:
            faults.append(f"{said.where}: {said.template}")
    assert faults == []


def test_a_page_tells_literals_or_what_is_read_elsewhere() -> None:
    told = {each.spelled: each.where for each in _tellings() if each.literal is None}
    assert told.keys() == TOLD_ELSEWHERE, told


def test_a_page_gives_every_place_a_value_and_every_value_a_place() -> None:
    assert [
        f"{said.where}: {said.template}"
        for said in _said_by_pages()
        if {name for name, *_ in _places(said.template)} != said.given
    ] == []


def test_every_template_has_a_chinese_one_and_none_is_left_over() -> None:
    everything = (*_said(), *_said_by_pages(), *_said_by_tables())
    said = {each.template for each in everything} | {each for _, each in _docstrings()}
    chinese = set(translations(CHINESE))
    assert sorted(said - chinese - {""}) == []
    assert sorted(chinese - said) == []


@pytest.mark.parametrize("english", sorted(translations(CHINESE)), ids=lambda each: each[:40])
def test_a_translation_has_the_same_places_and_is_chinese(english: str) -> None:
    chinese = translations(CHINESE)[english]
    assert sorted(_places(chinese)) == sorted(_places(english))
    has_words = any(re.search("[A-Za-z]", words) for words, *_ in Formatter().parse(english))
    assert not has_words or english in ALIKE or re.search("[\u4e00-\u9fff]", chinese)
    assert not re.search("[\u4e00-\u9fff][,;:!?]", chinese), "punctuation is full-width"


def test_the_catalog_says_nothing_twice_and_leaves_nothing_open() -> None:
    catalog = files("callkeeper").joinpath("catalogs", f"{CHINESE}.po").read_bytes()
    read = list(read_po(BytesIO(catalog), abort_invalid=True))
    assert len(read) - 1 == len(translations(CHINESE)) == catalog.count(b"\nmsgid ") - 1
    assert not any(each.fuzzy for each in read if each.id)


@pytest.mark.parametrize(
    "locale",
    ["zh_CN", "zh-CN", "zh_cn", "ZH-cn", "zh", " zh_CN ", "zh_CN.UTF-8", "zh-Hans", "zh_Hans_CN"],
)
def test_chinese_may_be_spelled_in_many_ways(locale: str) -> None:
    assert translator(named(locale))("success") == "成功"


@pytest.mark.parametrize(
    "locale", ["", "en", "en_US", "de_DE", "zh_TW", "zh-Hant", "zhx", "cn", "*", "zh_CN,en", "\xff"]
)
def test_any_other_language_is_told_in_english(locale: str) -> None:
    assert translator(named(locale))("success") == "success"


def test_a_sentence_without_a_translation_is_told_in_english() -> None:
    assert translator(CHINESE)("no such template") == "no such template"


@cache
def _trees() -> dict[str, ast.Module]:
    return {
        file.relative_to(SOURCE).as_posix(): ast.parse(file.read_text("utf-8"))
        for file in sorted(SOURCE.rglob("*.py"))
        if file.parent.name != CLIENT
    }


@cache
def _kinds() -> frozenset[str]:
    """Return the names of all refusals, wherever they are defined."""
    bases = {
        node.name: {_name(base) for base in node.bases}
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    kinds = {"Refusal"}
    while more := {name for name in bases if name not in kinds and bases[name] & kinds}:
        kinds |= more
    return frozenset(kinds)


def _calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield every place where something is said; ``fault`` is a field's own kind of refusal."""
    sayers = _kinds() | {"Phrase", "SigningError", "fault"}
    for file, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node) in sayers:
                yield f"{file}:{node.lineno}", node


def _wrong(call: ast.Call) -> bool:
    """Whether a call gives no literal template, or values that cannot be seen here."""
    literal = not call.args or _text(call.args[0]) is not None
    return not literal or any(keyword.arg is None for keyword in call.keywords)


def _finished(where: str, call: ast.Call) -> bool:
    return _wrong(call) and (where.partition(":")[0], _name(call)) not in MAY_PASS_ON


def _said() -> Iterator[Said]:
    for where, call in _calls():
        template = _text(call.args[0]) if call.args else None
        if template is not None:
            yield Said(where, template, frozenset(each.arg or "" for each in call.keywords))


def _tellings() -> Iterator[Telling]:
    for name, source in sources().items():
        yield from tellings(name, source)


def _said_by_pages() -> Iterator[Said]:
    for where, literal, _, given in _tellings():
        if literal is not None:
            yield Said(where, literal, given)


def _said_by_tables() -> Iterator[Said]:
    for name, words in TABLES.items():
        for each in words.values():
            yield Said(name, each, frozenset())


def _docstrings() -> Iterator[tuple[str, str]]:
    for file, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in _kinds():
                yield file, " ".join((ast.get_docstring(node) or "").split())


def _places(template: str) -> list[tuple[str, str, str]]:
    return [
        (name, conversion or "", form or "")
        for _, name, form, conversion in Formatter().parse(template)
        if name is not None
    ]


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _name(node.func)
    return getattr(node, "attr", getattr(node, "id", ""))
