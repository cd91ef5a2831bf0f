"""A page of the documents by its sections: what it says in any language, and not how."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tests.surface import ROOT

CHINESE = PurePosixPath("docs/zh")
ENGLISH = {
    CHINESE / "README.md": PurePosixPath("README.md"),
    CHINESE / "quick-start.md": PurePosixPath("docs/quick-start.md"),
    CHINESE / "api.md": PurePosixPath("docs/api.md"),
}
_FENCED = re.compile(r"^ *```\w*\n.*?^ *```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n+)+", re.MULTILINE)
_HEADING = re.compile(r"^(#+) (.*)\n", re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_NUMBER = re.compile(r"\d[\d.:]*")
_ITEM = re.compile(r"^ *(?:-|\d\d?\.) ", re.MULTILINE)


class Section(NamedTuple):
    """What stands between a heading and the next one."""

    level: int
    title: str
    text: str

    @property
    def code(self) -> list[str]:
        """What is to be typed or read as it stands."""
        return _FENCED.findall(self.text) + _INDENTED.findall(_FENCED.sub("", self.text))

    @property
    def rows(self) -> list[str]:
        """The rows of its tables, heads included."""
        return [line for line in self.prose.splitlines() if line.startswith("|")]

    @property
    def paragraphs(self) -> list[str]:
        """What it says outside tables, each item of a list by itself."""
        texts = re.split(r"\n\n+|\n(?= *(?:-|\d\d?\.) )", self.prose)
        return [text for text in texts if text.strip() and not text.startswith("|")]

    @property
    def prose(self) -> str:
        """All but the code."""
        return _INDENTED.sub("", _FENCED.sub("", self.text))


def sections(page: PurePosixPath) -> list[Section]:
    """Return the sections of a page, of which the first has the page's own heading."""
    text = (ROOT / page).read_text("utf-8")
    code = {at for found in _FENCED.finditer(text) for at in range(*found.span())}
    heads = [found for found in _HEADING.finditer(text) if found.start() not in code]
    ends = [found.start() for found in heads[1:]] + [len(text)]
    return [
        Section(len(head[1]), head[2], text[head.end() - 1 : end])
        for head, end in zip(heads, ends, strict=True)
    ]


class Facts(NamedTuple):
    """What a row or a paragraph holds that is the same in any language."""

    spans: Counter[str]
    numbers: Counter[str]
    links: Counter[str]


def facts(page: PurePosixPath, text: str) -> Facts:
    """Return the names, values and commands in a text, its other numbers, and where it links to."""
    spans = Counter(" ".join(span.split()) for span in _SPAN.findall(text))
    plain = _ITEM.sub("", _LINK.sub("]", _SPAN.sub("", text)))
    numbers = Counter(found.strip(".:") for found in _NUMBER.findall(plain))
    return Facts(spans, numbers, Counter(_target(page, link) for link in _LINK.findall(text)))


def anchors(page: PurePosixPath) -> list[str]:
    """Return the headings of a page, in order, as a link names them."""
    return [_anchor(section.title) for section in sections(page)]


def broken_anchors(page: PurePosixPath) -> Iterator[str]:
    """Yield the links of a page to headings that are not there."""
    for link in _LINK.findall((ROOT / page).read_text("utf-8")):
        to, hash_, anchor = link.partition("#")
        there = _path(page, to)
        if hash_ and there.suffix == ".md" and ":" not in to and anchor not in anchors(there):
            yield link


def _target(page: PurePosixPath, link: str) -> str:
    to, hash_, anchor = link.partition("#")
    if ":" in to:
        return link
    there = _path(page, to)
    if there not in ENGLISH and there not in ENGLISH.values():
        return f"{there}{hash_}{anchor}"
    place = anchors(there).index(anchor) if anchor else ""
    return f"{ENGLISH.get(there, there)}{hash_}{place}"


def _path(page: PurePosixPath, to: str) -> PurePosixPath:
    there = (ROOT / page.parent / to).resolve() if to else ROOT / page
    return PurePosixPath(Path(there).relative_to(ROOT))


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
