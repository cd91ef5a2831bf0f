"""Templates are tidy: nothing inline, nothing unescaped, nothing from elsewhere, all labelled."""

import ast
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import NamedTuple

import pytest
from jinja2 import meta, nodes

from tests.console.templates import markup, read, sources
from tests.surface import SOURCE

FRAME = "frame.html"
ADDRESSES = {"href", "src", "action", "formaction", "poster", "cite", "data", "srcset"}
# What an address may begin with: a page, a place on this page, what makes such ones, and a phone.
OURS = re.compile(r"/(?![/«])|#|tel:|«path»|«asset\(")
READ_ALOUD = {"aria-label", "title", "alt", "placeholder"}
# Words that are alike in every language: our name, and what each language calls itself.
NAMES = {"Callkeeper", "SIP"}


class Element(NamedTuple):
    """An element as it begins, and whether it stands in a label."""

    tag: str
    given: Mapping[str, str]
    is_in_label: bool

    def __str__(self) -> str:
        return f"<{self.tag} {dict(self.given)}>"


class Reader(HTMLParser):
    """Reads the elements of a page and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.text: list[str] = []
        self._labels = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, given, self._labels > 0))
        self._labels += tag == "label"

    def handle_endtag(self, tag: str) -> None:
        self._labels -= tag == "label"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def faults(source: str) -> list[str]:
    """Return what is wrong with a template by itself."""
    return [*_unescaped(source), *_inline(source), *_unlabelled(source), *_untold(source)]


@pytest.mark.parametrize("name", sources())
def test_a_template_is_tidy(name: str) -> None:
    assert faults(sources()[name]) == []


@pytest.mark.parametrize(
    "source",
    [
        "{{ name|safe }}",
        "{% autoescape false %}{{ name }}{% endautoescape %}",
        "<p class={{ name }}></p>",
        '<p style="color: red"></p>',
        '<p onclick="go()"></p>',
        "<style>p { color: red }</style>",
        "<script>go()</script>",
        '<a href="https://example.com/"></a>',
        '<a href="//example.com/"></a>',
        '<a href="javascript:go()"></a>',
        '<a href="{{ elsewhere }}"></a>',
        '<form action="http://example.com/"></form>',
        '<label>{{ _("Name") }}</label><input name="name">',
        '<label for="other">{{ _("Name") }}</label><input id="name" name="name">',
        '<select id="which"></select>',
        "<textarea></textarea>",
        "<p>Name</p>",
        '<nav aria-label="Pages"></nav>',
    ],
)
def test_one_that_is_not_is_found(source: str) -> None:
    assert len(faults(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '{# A word #}<p class="{{ name }}">{{ _("Name") }}: {{ name }} (1) · Callkeeper</p>',
        '<label for="{{ id }}">{{ _("Name") }}</label><input id="{{ id }}">',
        '<label><input type="radio"> {{ _("Name") }}</label>',
        '<input type="hidden" name="version" value="1">',
        '<a href="/console/{{ vdn }}/today?day={{ day }}"></a>',
        '<form action="{{ path }}/move"></form>',
        "<script src=\"{{ asset('console.js') }}\"></script>",
    ],
)
def test_what_is_tidy_is_not_found_fault_with(source: str) -> None:
    assert faults(source) == []


def test_every_page_extends_the_frame_and_has_a_title() -> None:
    for name in _pages():
        template = read(sources()[name])
        extended = [each.template for each in template.find_all(nodes.Extends)]
        assert [each.value for each in extended if isinstance(each, nodes.Const)] == [FRAME], name
        blocks = {each.name for each in template.find_all(nodes.Block)}
        assert {"title", "content"} <= blocks, name


def test_every_template_is_a_page_or_used_by_one() -> None:
    assert _pages() | _used() == sources().keys()
    assert _pages() & _used() == set()


def _unescaped(source: str) -> Iterator[str]:
    """Yield what may print as markup what is none."""
    template = read(source)
    for each in template.find_all(nodes.Filter):
        if each.name == "safe":
            yield f"line {each.lineno}: |safe"
    for modifier in template.find_all(nodes.EvalContextModifier):
        yield f"line {modifier.lineno}: autoescape"
    for found in re.findall(r"\s[\w-]+\s*=\s*«[^»]*»", markup(source)):
        yield f"{found.strip()} is not in quotes"


def _inline(source: str) -> Iterator[str]:
    """Yield what a browser is not let do by our content security policy, or ought not to be."""
    for each in Reader(markup(source)).elements:
        if each.tag == "style" or (each.tag == "script" and "src" not in each.given):
            yield f"{each} is inline"
        for name, value in each.given.items():
            if name == "style" or name.startswith("on"):
                yield f"{each} is inline"
            if name in ADDRESSES and not OURS.match(value):
                yield f"{each} leads elsewhere"


def _unlabelled(source: str) -> Iterator[str]:
    elements = Reader(markup(source)).elements
    labelled = {each.given.get("for") for each in elements if each.tag == "label"} - {None}
    for each in elements:
        is_asked = each.tag in ("input", "select", "textarea")
        is_labelled = each.is_in_label or each.given.get("id") in labelled
        is_hidden = each.given.get("type") == "hidden" or "hidden" in each.given
        is_named = "aria-label" in each.given
        if is_asked and not (is_hidden or is_labelled or is_named):
            yield f"{each} has no label"


def _untold(source: str) -> Iterator[str]:
    """Yield words that stand in a template as they are, so in English alone."""
    page = Reader(re.sub("«[^»]*»", "", markup(source)))
    spoken = [each.given[name] for each in page.elements for name in READ_ALOUD & each.given.keys()]
    is_code = any(each.tag in ("script", "style") for each in page.elements)
    for text in spoken if is_code else (*page.text, *spoken):
        for word in re.findall(r"[^\W\d_]+", text):
            if word not in NAMES:
                yield f"{word!r} is in no _()"


def _pages() -> set[str]:
    """Return the templates that the console's code makes pages of."""
    return {
        f"{template.value}.html"
        for file in sorted((SOURCE / "console").glob("*.py"))
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "page"
        for template in call.args[1:2]
        if isinstance(template, ast.Constant) and isinstance(template.value, str)
    }


def _used() -> set[str | None]:
    """Return the templates that others extend, include or import from."""
    return {
        name
        for source in sources().values()
        for name in meta.find_referenced_templates(read(source))
    }
