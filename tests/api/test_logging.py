"""What the log says of a request, and what neither it nor an answer ever says."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from callkeeper import log
from callkeeper.usecases.keys import OpenKey
from tests.house import HOUR, TASK, VDN, House

NUMBER = "13800138000"


@contextmanager
def logging_as_the_program_does(**how: Any) -> Iterator[None]:
    """Log to standard error, as it is when this begins."""
    handlers = logging.root.handlers[:]
    log.configure(**how)
    try:
        yield
    finally:
        log.flush()
        logging.root.handlers[:] = handlers
        structlog.reset_defaults()


def lines(logged: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logged.splitlines()]


def test_a_request_is_one_line_of_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        house.reserve()
        house.post("delete", {"appointId": "1"})
        house.http.post(f"{house.url}/rest/isales/v1/openapi/campaigns/25/appoint/list")
        house.http.get(f"{house.url}/nowhere")
    made, gone, stranger, nowhere = lines(capfd.readouterr().err)
    ms, timestamp = made.pop("ms"), made.pop("timestamp")
    assert made == {
        "event": "request",
        "level": "info",
        "method": "POST",
        "interface": "create",
        "status": 200,
        "code": "0200000",
        "key": house.key.ak,
        "vdn": VDN,
    }
    assert ms > 0
    assert timestamp.endswith("Z")
    assert (gone["code"], gone["why"]) == (
        "04000004",
        "appointId: there is no reservation '1' in VDN 25",
    )
    assert (stranger["status"], stranger["key"], stranger["vdn"]) == (401, None, None)
    assert (nowhere["status"], nowhere["interface"]) == (404, "-")


def test_the_log_is_in_english_whatever_the_answer_is_in(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        answer = house.post("delete", {"appointId": "1"}, headers={"locale": "zh_CN"}).json()
    (line,) = lines(capfd.readouterr().err)
    assert not answer["resultDesc"].isascii()
    assert line["why"] == "appointId: there is no reservation '1' in VDN 25"


def test_neither_log_nor_answer_holds_a_secret_a_number_or_a_stack_trace(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        told = _try_everything(house)
    captured = capfd.readouterr()
    logged = captured.err + captured.out
    assert len(lines(captured.err)) == len(told)
    for text in (logged, *told):
        assert house.key.secret not in text
        assert "Traceback" not in text
        assert 'File "' not in text
    assert NUMBER not in logged


def _try_everything(house: House) -> list[str]:
    """Send numbers where they belong and where they do not; return the answers."""
    good = {
        "callType": 1,
        "calledNo": NUMBER,
        "userAccount": "anna",
        "taskId": TASK,
        "appointTime": house.now() + HOUR,
    }
    answers = [
        house.post("create", good | wrong)
        for wrong in (
            {},
            {"calledNo": f"+{NUMBER}"},
            {"calledNo": NUMBER * 3},
            {"calledNo": [NUMBER]},
            {"calledNo": {"no": NUMBER}},
            {"remark": f"ring {NUMBER}\n"},
            {"callData": f'{{"no":{NUMBER}'},
            {"appointTime": 1},
        )
    ]
    made = answers[0].json()["returnObject"]["appointId"]
    forged = OpenKey(house.key.ak, "x" + house.key.secret, VDN)
    answers += [
        house.post("updateResult", {"appointId": made, "callerNo": NUMBER}),
        house.post("updateResult", {"appointId": made, "callerNo": f"+{NUMBER}"}),
        house.post("updateResult", {"appointId": made, "callerNo": NUMBER * 3}),
        house.post("list", {"offset": 0, "limit": 1, "calledNo": f"{NUMBER}-"}),
        house.post("list", f'{{"calledNo":"{NUMBER}"'.encode()),
        house.post("list", good, key=forged),
        house.post("list", good, vdn=26),
        house.send("POST", f"/{NUMBER}", good),
    ]
    return [answer.text for answer in answers]


def test_a_bug_is_answered_in_json_and_logged_with_its_reason(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        house.has_campaign(66, caller_numbers="this is no JSON, which is nobody's fault but ours")
        body = {
            "callType": 1,
            "calledNo": NUMBER,
            "userAccount": "anna",
            "taskId": "66",
            "appointTime": house.now() + HOUR,
        }
        answer = house.post("create", body)
        house.reserve()
    assert answer.status_code == 500
    told = answer.json()
    assert told["resultCode"] == told["returnCode"] == "0200006"
    assert "the server made a mistake" in told["resultDesc"]
    assert "Traceback" not in answer.text
    logged = capfd.readouterr().err
    broke, request, _ = lines(logged)
    assert (broke["event"], broke["level"]) == ("request_failed", "error")
    assert "msgspec.DecodeError" in broke["exception"]
    assert (request["event"], request["status"], request["code"]) == ("request", 500, "0200006")
    assert NUMBER not in logged
    assert house.key.secret not in logged


@pytest.mark.parametrize(
    ("number", "shown"), [(NUMBER, "*********00"), ("110", "*10"), ("11", "11"), ("", "")]
)
def test_a_number_is_masked_but_for_its_last_two_digits(
    capfd: pytest.CaptureFixture[str], number: str, shown: str
) -> None:
    assert log.masked(number) == shown
    with logging_as_the_program_does():
        structlog.get_logger().info("dialed", called_no=number, caller_no=number)
    (line,) = lines(capfd.readouterr().err)
    assert (line["called_no"], line["caller_no"]) == (shown, shown)


def test_an_operator_who_asks_for_them_sees_numbers(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with logging_as_the_program_does(show_numbers=True):
        structlog.get_logger().info("dialed", called_no=NUMBER)
    (line,) = lines(capfd.readouterr().err)
    assert line["called_no"] == NUMBER


def test_a_librarys_log_line_is_a_line_of_json_too(capfd: pytest.CaptureFixture[str]) -> None:
    with logging_as_the_program_does():
        logging.getLogger("uvicorn.error").warning("Invalid %s received.", "HTTP request")
        logging.getLogger("uvicorn.error").info("not said")
    (line,) = lines(capfd.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "Invalid HTTP request received.",
        "level": "warning",
        "logger": "uvicorn.error",
    }
