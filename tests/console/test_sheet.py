"""Sheets: no cell is carried out, however a spreadsheet parts them."""

import asyncio
import csv
import threading
from collections.abc import Iterable, Iterator
from io import StringIO

import pytest

from callkeeper.console.sheet import sheet


def written(rows: Iterable[Iterable[str | int]]) -> str:
    return bytes(asyncio.run(sheet("x", rows)).body).decode("utf-8-sig")


def only_cell(text: str) -> str:
    body = written([[text]])
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
    assert written([[-3]]) == "-3\r\n"


def test_rows_are_written_beside_the_loop_which_has_others_to_answer() -> None:
    threads: set[int] = set()

    def rows() -> Iterator[tuple[str, int]]:
        for number in range(3):
            threads.add(threading.get_ident())
            yield "call", number

    assert written(rows()) == "call,0\r\ncall,1\r\ncall,2\r\n"
    assert threading.get_ident() not in threads
