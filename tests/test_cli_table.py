"""Tables: one row a line that fits, and every row as soon as it is there."""

import json
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from rich.cells import cell_len

from callkeeper.cli.table import PAGE_ROWS, Column, Table, print_table
from tests.test_cli import PROGRAM, SECONDS_MAX, environment

COLUMNS = [
    Column("at"),
    Column("agent", is_cut=True),
    Column("kind", is_left_out=True),
    Column("remark", is_cut=True, is_left_out=True),
]
ROW = ["2026-12-01 15:00", "ann", "manual", "asked to be called in the afternoon"]


def plain(lines: list[str]) -> list[str]:
    return [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in lines]


def lines(room: int | None, *rows: list[str], columns: list[Column] = COLUMNS) -> list[str]:
    return plain(Table(columns, room).lines(rows))


def test_a_table_that_fits_is_as_wide_as_it_must_be() -> None:
    assert lines(80, ROW) == [
        "at                agent  kind    remark",
        "2026-12-01 15:00  ann    manual  asked to be called in the afternoon",
    ]


@pytest.mark.parametrize(("variable", "value"), [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_a_terminal_that_knows_no_bold_is_given_none(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b" in "".join(Table(COLUMNS, 80).lines([ROW]))
    monkeypatch.setenv(variable, value)
    assert "\x1b" not in "".join(Table(COLUMNS, 80).lines([ROW]))
    assert "\x1b" not in "".join(Table(COLUMNS, 20).lines([ROW]))


def test_where_there_is_no_room_texts_are_cut_and_then_what_tells_least_is_left_out() -> None:
    assert lines(50, ROW)[1] == "2026-12-01 15:00  ann    manual  asked to be call…"
    table = Table(COLUMNS, 40)
    assert plain(table.lines([ROW])) == [
        "at                agent  kind",
        "2026-12-01 15:00  ann    manual",
    ]
    assert table.left_out == ["remark"]


WHY = "campaign 2002 was paused; it is over 30 min late"


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (60, [f"15:00  ann    {WHY[:43]}", f"{'':14}{WHY[44:]}"]),
        (44, [f"15:00  ann    {WHY[:28]}", f"{'':14}{WHY[29:]}"]),
    ],
)
def test_the_point_of_a_table_goes_on_below_itself(room: int, shown: list[str]) -> None:
    columns = [Column("at"), Column("agent"), Column("why", is_wrapped=True)]
    assert lines(room, ["15:00", "ann", WHY], columns=columns)[1:] == shown
    assert lines(None, ["15:00", "ann", WHY], columns=columns)[1] == f"15:00  ann    {WHY}"
    chinese = lines(44, ["15:00", "ann", "请在下午三点以后" * 4], columns=columns)[1:]
    assert len(chinese) == 3
    assert max(map(cell_len, chinese)) <= 44


def test_of_two_texts_the_wider_one_is_cut_first() -> None:
    columns = [Column("name", is_cut=True), Column("remark", is_cut=True)]
    assert lines(32, ["n" * 20, "r" * 40], columns=columns)[1] == f"{'n' * 14}…  {'r' * 14}…"
    assert lines(40, ["n" * 10, "r" * 40], columns=columns)[1] == f"{'n' * 10}  {'r' * 27}…"


def test_where_not_even_that_fits_a_row_is_written_below_another() -> None:
    table = Table(COLUMNS, 20)
    assert plain(table.lines([ROW, ["", "bob", "", ""]])) == [
        "at      2026-12-01 15:00",
        "agent   ann",
        "kind    manual",
        "remark  asked to be called in the afternoon",
        "",
        "agent   bob",
    ]
    assert plain(table.lines([["", "carl", "", ""]])) == ["", "agent   carl"]


def test_a_column_in_which_nothing_stands_is_not_shown_at_a_terminal() -> None:
    row = ["2026-12-01 15:00", "", "", "x"]
    assert lines(80, row) == ["at                remark", "2026-12-01 15:00  x"]
    assert lines(None, row)[0] == "at                agent  kind  remark"


def test_where_a_later_row_needs_more_the_titles_are_printed_again() -> None:
    table = Table(COLUMNS, 80)
    table.lines([["15:00", "ann", "", ""]])
    assert plain(table.lines([["16:00", "bob", "", ""]])) == ["16:00  bob"]
    assert plain(table.lines([["17:00", "ann", "manual", ""]])) == [
        "",
        "at     agent  kind",
        "17:00  ann    manual",
    ]


def test_elsewhere_each_row_is_one_line_in_full_and_the_titles_stand_once() -> None:
    table = Table(COLUMNS, None)
    assert len(table.lines([ROW])) == 2
    long = "long " * 100
    assert table.lines([["at", "a" * 50, "manual", long]]) == [
        f"{'at':16}  {'a' * 50}  manual  {long.rstrip()}"
    ]
    assert table.lines([ROW]) == [
        "2026-12-01 15:00  ann    manual  asked to be called in the afternoon"
    ]


@pytest.mark.parametrize("name", ["王小明", "e\u0301ric", "Zoë", "客户A"])
@pytest.mark.parametrize("room", [80, 44, None])
def test_columns_stand_below_each_other_whatever_is_written(name: str, room: int | None) -> None:
    columns = [Column("agent", is_cut=True), Column("remark", is_cut=True), Column("id")]
    shown = lines(room, [name, "请在下午三点以后回电", "17"], ["ann", "x", "18"], columns=columns)
    ends = {cell_len(line[:-2]) for line in shown}
    assert len(ends) == 1
    assert room is None or max(map(cell_len, shown)) <= room


def test_a_wide_character_is_not_cut_in_two() -> None:
    columns = [Column("remark", is_cut=True), Column("id")]
    assert lines(12, ["请在下午三点", "17"], columns=columns)[1] == "请在下…   17"


def test_the_first_rows_are_printed_before_the_last_are_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[int] = []

    def rows() -> Iterator[list[str]]:
        for number in range(3 * PAGE_ROWS):
            if number == PAGE_ROWS:
                seen.append(capsys.readouterr().out.count("\n"))
            yield [str(number)]

    assert print_table(["number"], rows(), "none") == 3 * PAGE_ROWS
    assert seen == [PAGE_ROWS + 1]
    assert capsys.readouterr().out.splitlines() == [str(n) for n in range(PAGE_ROWS, 3 * PAGE_ROWS)]


class Paged(BaseHTTPRequestHandler):
    """A server whose list has two pages, and that gives the second one when it is told to."""

    may_go_on: Event

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        first = asked["offset"]
        if first:
            self.may_go_on.wait(SECONDS_MAX)
        rows = [listed(number) for number in range(first, min(first + asked["limit"], 150))]
        self.send_response(200)
        self.end_headers()
        answer = {"resultCode": "0200000", "totalCount": 150, "data": rows}
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


def listed(number: int) -> dict[str, Any]:
    """Return a row; that all are for one time keeps the client to offsets."""
    return {"appointId": f"{number:030}", "appointTime": 1_795_787_040_000, "calledNo": "1"}


def test_a_page_is_shown_before_the_next_is_asked_for() -> None:
    may_go_on = Event()
    server = type("WithIts", (Paged,), {"may_go_on": may_go_on})
    with ThreadingHTTPServer(("127.0.0.1", 0), server) as pages:
        Thread(target=pages.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{pages.server_port}"
        known = {"URL": url, "AK": "ak", "SK": "sk", "VDN": "1"}
        given = environment(**{f"CALLKEEPER_{name}": value for name, value in known.items()})
        command = [*PROGRAM, "list", "--all"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=given) as process:
            assert process.stdout is not None
            shown = [process.stdout.readline() for _ in range(PAGE_ROWS + 1)]
            assert not may_go_on.is_set()
            may_go_on.set()
            rest = process.stdout.read().splitlines()
        pages.shutdown()
    assert [line.split()[-1] for line in shown[1:]] == [f"{n:030}" for n in range(PAGE_ROWS)]
    assert rest[-1] == "150 of 150; times are in UTC"
    assert len(rest) == 51


def test_where_nothing_is_to_be_shown_a_sentence_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert print_table(["number"], [], "no numbers") == 0
    assert capsys.readouterr().out == "no numbers\n"


def test_what_is_stored_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a"], [["x\x1b[2J\ny"]], "")
    assert capsys.readouterr().out == "a\nx\\u001b[2J y\n"
