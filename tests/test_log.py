"""How the log is written: from which level on, as JSON or as text, with numbers masked."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from callkeeper import log
from tests.logged import lines, logging_as_the_program_does

NUMBER = "13800138000"

_SAYS = """
import structlog
from callkeeper import log, settings
log.configure(settings.load({}))
structlog.get_logger().warning("line_lost")
log.flush()
"""


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_nothing_below_the_level_is_logged(
    capfd: pytest.CaptureFixture[str], level: str, heard: list[str]
) -> None:
    with logging_as_the_program_does(log_level=level):
        for each in ("debug", "info", "warning", "error"):
            getattr(structlog.get_logger(), each)("number_dialed")
    assert [line["level"] for line in lines(capfd.readouterr().err)] == heard


def test_a_library_is_never_heard_below_a_warning(capfd: pytest.CaptureFixture[str]) -> None:
    with logging_as_the_program_does(log_level="debug"):
        logging.getLogger("httpx2").info("POST http://pbx/channels?endpoint=PJSIP/%s", NUMBER)
    assert capfd.readouterr().err == ""


def test_a_bugs_trace_stands_below_its_line_of_text(capfd: pytest.CaptureFixture[str]) -> None:
    with logging_as_the_program_does(log_format="text"):
        try:
            raise KeyError(NUMBER[:3])  # noqa: TRY301 - what a bug does
        except KeyError:
            structlog.get_logger().exception("request_failed", path=f"/{NUMBER}")
    first, *trace = capfd.readouterr().err.splitlines()
    assert first.endswith(" error   request_failed path=/*********00")
    assert (trace[0], trace[-1]) == ("Traceback (most recent call last):", "KeyError: '138'")


@pytest.mark.parametrize(("at_a_terminal", "begins"), [(True, "20"), (False, "{")])
def test_a_line_is_text_at_a_terminal_and_json_elsewhere(
    tmp_path: Path, *, at_a_terminal: bool, begins: str
) -> None:
    ours, theirs = os.openpty() if at_a_terminal else os.pipe()
    said = subprocess.Popen(
        [sys.executable, "-c", _SAYS], cwd=tmp_path, stderr=theirs, env=os.environ
    )
    assert said.wait(30) == 0
    assert os.read(ours, 1000).decode().startswith(begins)
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize(
    ("number", "shown"),
    [(NUMBER, "*********00"), ("110", "**0"), ("11", "*1"), ("1", "*"), ("", "")],
)
def test_a_number_is_masked_but_for_its_last_two_digits_and_a_short_one_for_half(
    capfd: pytest.CaptureFixture[str], number: str, shown: str
) -> None:
    assert log.masked(number) == shown
    with logging_as_the_program_does():
        structlog.get_logger().info("dialed", called_no=number, caller_no=number)
    (line,) = lines(capfd.readouterr().err)
    assert (line["called_no"], line["caller_no"]) == (shown, shown)


@pytest.mark.parametrize(
    "place",
    [
        *("/console/welcome/", "/Console/Welcome/", "/x/welcome%2F", "/welcome//"),
        *("/console/calendar/", "//console/calendar/", "/Console/CALENDAR%2f//", "/calendar//"),
    ],
)
@pytest.mark.parametrize("name", ["path", "why", "hint"])
def test_no_link_stands_in_the_log_however_its_path_was_written(
    capfd: pytest.CaptureFixture[str], place: str, name: str
) -> None:
    with logging_as_the_program_does(show_phone_numbers=True):
        structlog.get_logger().warning("request", **{name: f"no page at '{place}Ab-1_x9'"})
    (line,) = lines(capfd.readouterr().err)
    assert line[name] == f"no page at '{place}***'"


def test_an_operator_who_asks_for_them_sees_numbers(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with logging_as_the_program_does(show_phone_numbers=True):
        structlog.get_logger().info("dialed", called_no=NUMBER)
    (line,) = lines(capfd.readouterr().err)
    assert line["called_no"] == NUMBER


def test_a_librarys_log_line_is_text_where_ours_are(capfd: pytest.CaptureFixture[str]) -> None:
    with logging_as_the_program_does(log_format="text"):
        logging.getLogger("a_library").warning("Invalid %s received.", "HTTP request")
    said = capfd.readouterr().err
    assert said.endswith(" warning Invalid HTTP request received. logger=a_library\n")


def test_a_librarys_log_line_is_a_line_of_json_too(capfd: pytest.CaptureFixture[str]) -> None:
    with logging_as_the_program_does():
        logging.getLogger("a_library").warning("Invalid %s received.", "HTTP request")
        logging.getLogger("a_library").info("not said")
    (line,) = lines(capfd.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "Invalid HTTP request received.",
        "level": "warning",
        "logger": "a_library",
    }
