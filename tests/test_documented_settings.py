"""What docs/operating.md says of settings is what they are: defaults, and examples."""

import re
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest

from callkeeper.bounds import converted
from callkeeper.processes.dial import number_policy
from callkeeper.settings import Settings

OPERATING = (Path(__file__).parents[1] / "docs" / "operating.md").read_text("utf-8")


def test_the_default_of_every_setting_is_told() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|[^|]*\|[^|]*\|$", OPERATING, re.MULTILINE))
    told = {name: rows[name] for name in Settings.__struct_fields__}
    assert {name: text.partition(":")[0] for name, text in told.items() if text[0] != "`"} == {
        name: "none" for name, value in _defaults().items() if value in (None, {})
    }
    assert {name: text.strip("`") for name, text in told.items() if text[0] == "`"} == {
        name: _written(value) for name, value in _defaults().items() if value not in (None, {})
    }


@pytest.mark.parametrize(
    ("vdn", "number", "may"),
    [
        (7, "0301234567", True),
        (7, "0043123456", False),
        (7, "0033123456", False),
        (25, "0301234567", True),
        (25, "0043123456", True),
        (25, "0033123456", False),  # whatever begins with 0 is not allowed, 00 included
        (25, "0900123456", False),
        (25, "0301", False),
    ],
)
def test_the_rules_of_numbers_that_are_told_let_through_what_is_said(
    vdn: int, number: str, *, may: bool
) -> None:
    (text,) = re.findall(r"^ {4}numbers = (?:.*\n {4})+.*\n", OPERATING, re.MULTILINE)
    rules = number_policy(converted(tomllib.loads(dedent(text)), Settings))
    assert (rules.of(vdn).objection(number) is None) is may


def _defaults() -> dict[str, object]:
    settings = Settings()
    return {name: getattr(settings, name) for name in Settings.__struct_fields__}


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
