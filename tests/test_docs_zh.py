"""The pages in Chinese say what the English ones say, section by section and row by row."""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

from callkeeper.http.answer import CODES
from callkeeper.language import CHINESE, translations
from tests.documented_pages import (
    ENGLISH,
    Facts,
    Section,
    anchors,
    broken_anchors,
    facts,
    sections,
)
from tests.surface import ROOT, committed

EACH = pytest.mark.parametrize("page", ENGLISH, ids=str)
PAGES = [PurePosixPath(file.relative_to(ROOT)) for file in committed() if file.suffix == ".md"]
CODES_PAGE = PurePosixPath("docs/zh/api.md")

# What an integrator would misread, or not know from the vendor's own pages, and what to say.
SAID_OTHERWISE = {
    "应答": "响应 of a request, 接通 or 接听 of a call",
    "添加外呼任务": "新增外呼任务",
    "添加业务结果": "新增业务结果",
    "人工外呼": "手动外呼",
    "填写呼叫结果": "提交呼叫结果",
    "登记结果": "提交结果",
    "登记其结果": "提交其结果",
    "登记业务结果": "提交业务结果",
    "回填结果": "提交结果",
    "已登记": "已提交 of a result",
    "您已退出登录": "登录已失效, where somebody else or time ended the session",
    "贵方": "贵单位",
}

# What is one thing in English has one word in Chinese too.
SAID_BY_ONE_WORD = {
    r"(?<!-)\b[Dd]ialer\b": "外呼程序",
    "Whoever runs the server": "服务器维护人员",
    r"\bkept late\b": "逾期履约",
}


@EACH
def test_the_headings_have_the_same_order_and_depth(page: PurePosixPath) -> None:
    here, there = sections(page), sections(ENGLISH[page])
    assert [each.level for each in here] == [each.level for each in there], anchors(page)


@EACH
def test_what_is_typed_or_shown_is_the_same(page: PurePosixPath) -> None:
    for here, there in zip(sections(page), sections(ENGLISH[page]), strict=True):
        assert here.code == there.code, here.title


@EACH
def test_each_row_of_a_table_holds_the_same(page: PurePosixPath) -> None:
    for here, there in zip(sections(page), sections(ENGLISH[page]), strict=True):
        assert len(here.rows) == len(there.rows), here.title
    assert _differing(page, lambda section: section.rows) == []


@EACH
def test_each_paragraph_holds_the_same(page: PurePosixPath) -> None:
    for here, there in zip(sections(page), sections(ENGLISH[page]), strict=True):
        assert len(here.paragraphs) == len(there.paragraphs), here.title
    assert _differing(page, lambda section: section.paragraphs) == []


def test_the_meaning_of_a_code_begins_with_what_an_answer_with_it_says() -> None:
    catalog = translations(CHINESE)
    said: dict[str, list[str]] = {}
    for refusal, (_, code) in CODES.items():
        sentence = catalog[(refusal.__doc__ or "").splitlines()[0]]
        said.setdefault(code, []).append(sentence.rstrip("。").partition("\uff1b")[0])
    rows = [
        [cell.strip(" `") for cell in row.split("|")[1:3]]
        for section in sections(CODES_PAGE)
        for row in section.rows
    ]
    told = {code: meaning for code, meaning in rows if code in said}
    assert told.keys() == said.keys()
    assert [code for code in said if not told[code].startswith(tuple(said[code]))] == []


def test_the_words_are_those_of_a_call_center_and_of_the_vendor() -> None:
    texts = [(ROOT / page).read_text("utf-8") for page in ENGLISH]
    texts += translations(CHINESE).values()
    found = {word for word in SAID_OTHERWISE for text in texts if word in text}
    assert {word: SAID_OTHERWISE[word] for word in found} == {}


@pytest.mark.parametrize("thing", SAID_BY_ONE_WORD)
def test_one_thing_has_one_word(thing: str) -> None:
    told = {each: text for each, text in translations(CHINESE).items() if re.search(thing, each)}
    assert told
    assert [text for text in told.values() if SAID_BY_ONE_WORD[thing] not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_to_a_heading_leads_there(page: PurePosixPath) -> None:
    assert list(broken_anchors(page)) == []


def _differing(
    page: PurePosixPath, texts_of: Callable[[Section], list[str]]
) -> list[tuple[Facts, Facts]]:
    """Return what a page's texts hold, and the English ones, where it is not the same."""
    other = ENGLISH[page]
    texts, originals = (
        [text for section in sections(each) for text in texts_of(section)] for each in (page, other)
    )
    pairs = [
        (facts(page, text), facts(other, original))
        for text, original in zip(texts, originals, strict=True)
    ]
    return [(here, there) for here, there in pairs if here != there]
