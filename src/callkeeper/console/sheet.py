"""Sheets: rows as CSV, which whoever opens it in a spreadsheet takes for no formula."""

import asyncio
import csv
import re
from collections.abc import Iterable
from io import StringIO

from starlette.responses import Response

from callkeeper.console.press import HEADERS

# A cell that a spreadsheet would carry out begins with one of these, some of which are wide. Where
# a spreadsheet parts cells by semicolons or tabs, one begins within a cell of ours too.
_CARRIED_OUT = re.compile(
    r"""(^(?=[\t\r\n])|(?:^|[;\t\r\n])(?=[ "]*[=+\-@\uff1d\uff0b\uff0d\uff20]))"""
)
_MARK = "\ufeff"  # tells a spreadsheet that it is UTF-8


async def sheet(name: str, rows: Iterable[Iterable[str | int]]) -> Response:
    """Return rows as a file of this name, which is plain ASCII; what could be a formula is text."""
    # Thousands of rows take a while, in which the loop has others to answer.
    body = await asyncio.to_thread(_written, rows)
    headers = HEADERS | {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")


def _written(rows: Iterable[Iterable[str | int]]) -> bytes:
    text = StringIO()
    csv.writer(text).writerows([_harmless(each) for each in row] for row in rows)
    return f"{_MARK}{text.getvalue()}".encode()


def _harmless(cell: str | int) -> str:
    text = str(cell)
    return _CARRIED_OUT.sub(r"\1'", text) if isinstance(cell, str) else text
