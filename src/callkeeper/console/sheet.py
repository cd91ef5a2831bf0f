"""Sheets: rows as CSV, which whoever opens it in a spreadsheet takes for no formula."""

import csv
from collections.abc import Iterable
from io import StringIO

from starlette.responses import Response

from callkeeper.console.press import HEADERS

# With one of these a cell begins that a spreadsheet would carry out.
_CARRIED_OUT = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARK = "\ufeff"  # tells a spreadsheet that it is UTF-8


def sheet(name: str, rows: Iterable[Iterable[str | int]]) -> Response:
    """Return rows as a file of this name, which is plain ASCII; what could be a formula is text."""
    text = StringIO()
    csv.writer(text).writerows([_harmless(each) for each in row] for row in rows)
    headers = HEADERS | {"content-disposition": f'attachment; filename="{name}.csv"'}
    body = f"{_MARK}{text.getvalue()}".encode()
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")


def _harmless(cell: str | int) -> str:
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_CARRIED_OUT) else text
