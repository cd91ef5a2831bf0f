"""What a template always says is told when it is compiled, and never again."""

import pytest
from jinja2 import Environment, TemplateSyntaxError, UndefinedError

from callkeeper.console.fixed_words import FixedWords


class Teller:
    """Tells in capitals, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, said: str, **values: object) -> str:
        self.asked.append(said)
        return said.format_map(values).upper() if values else said.upper()


@pytest.fixture
def tell() -> Teller:
    return Teller()


@pytest.fixture
def environment(tell: Teller) -> Environment:
    made = Environment(extensions=[FixedWords], autoescape=True)
    made.globals["_"] = tell
    return made


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ('{{ _("Open") }}', "OPEN"),
        ("<p title=\"{{ _('Open') }}\">", '<p title="OPEN">'),
        ('{{ _("a" if False else "b") }} {{ _("Open") }}', "B OPEN"),
        ('{% set title = _("Open") if late else _("Close") %}{{ title }}', "CLOSE"),
        ('{{ _("It\'s <b>") }}', "IT&#39;S &lt;B&gt;"),
        ('{{ _("{braces}") }}', "{BRACES}"),
        ('{{ _( "Open" ) ~ _("Close") }}', "OPENCLOSE"),
        ('{{ _("Open").split("P") }}', "[&#39;O&#39;, &#39;EN&#39;]"),
        ('{{ _(_("Open")) }}', "OPEN"),
    ],
)
def test_it_is_shown_as_it_would_be_otherwise(
    environment: Environment, source: str, shown: str
) -> None:
    assert environment.from_string(source).render(late=False) == shown
    otherwise = Environment(autoescape=True)
    otherwise.globals["_"] = environment.globals["_"]
    assert otherwise.from_string(source).render(late=False) == shown


def test_what_has_no_values_is_told_once_however_often_it_is_shown(
    environment: Environment, tell: Teller
) -> None:
    made = environment.from_string(
        '{% for each in calls %}{{ _("Open") }} {{ _("in {n} min", n=each) }} '
        "{{ _(word) }}, {% endfor %}"
    )
    assert tell.asked == ["Open"]
    assert made.render(calls=[1, 2], word="late") == "OPEN IN 1 MIN LATE, OPEN IN 2 MIN LATE, "
    assert tell.asked == ["Open", *["in {n} min", "late"] * 2]


@pytest.mark.parametrize("source", ["{{ _", '{{ _("Open"', '{{ _("Open" }}', "{{ a._('Open') }}"])
def test_what_is_no_telling_is_left_to_the_parser(environment: Environment, source: str) -> None:
    otherwise = Environment(autoescape=True)
    with pytest.raises((TemplateSyntaxError, UndefinedError)) as with_it:
        environment.from_string(source).render(a={})
    with pytest.raises(type(with_it.value)) as without:
        otherwise.from_string(source).render(a={})
    assert str(with_it.value) == str(without.value)
