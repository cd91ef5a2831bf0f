"""Sheets: no cell is carried out, however a spreadsheet parts them."""

import csv
from io import StringIO

import pytest

from callkeeper.console.sheet import sheet


def only_cell(text: str) -> str:
    body = bytes(sheet("x", [[text]]).body).decode("utf-8-sig")
    ((cell,),) = csv.reader(StringIO(body, newline=""))
    return cell


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("=1+1", "'=1+1"),
        ("-3", "'-3"),
        ("x;=HYPERLINK(1)", "x;'=HYPERLINK(1)"),
        ("a;+1;@b", "a;'+1;'@b"),
        ('a; "=1', "a;' \"=1"),
        ("a\t=1", "a\t'=1"),
        ("a\r\n=1", "a\r\n'=1"),
        ("\ta", "'\ta"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("a;\uff20b", "a;'\uff20b"),
    ],
)
def test_what_a_spreadsheet_would_carry_out_is_text(typed: str, told: str) -> None:
    assert only_cell(typed) == told


@pytest.mark.parametrize("typed", ["", "a=b", "a-b; c", "1;2", "王芳、好", "it's"])
def test_all_else_stands_as_it_was_typed(typed: str) -> None:
    assert only_cell(typed) == typed


def test_a_number_is_a_number() -> None:
    assert bytes(sheet("x", [[-3]]).body).decode("utf-8-sig") == "-3\r\n"
