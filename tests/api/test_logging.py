"""What the log says of a request, and what neither it nor an answer ever says."""

import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from callkeeper import signing
from callkeeper.api.contract.mistakes import TRIED_MAX
from callkeeper.clock import HandClock
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.usecases.keys import OpenKey
from tests.campaigns import NOW, Campaigning
from tests.house import HOUR, TASK, VDN, House
from tests.logged import lines, logging_as_the_program_does
from tests.signed import sign

NUMBER = "13800138000"


def test_a_request_is_one_line_of_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        id_ = house.reserve()
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
        "reservation": id_,
    }
    assert ms > 0
    assert timestamp.endswith("Z")
    assert (gone["level"], gone["code"], gone["why"]) == (
        "warning",
        "04000004",
        "appointId: there is no reservation '1' in VDN 25",
    )
    assert (stranger["status"], stranger["key"], stranger["vdn"]) == (401, None, None)
    assert stranger["level"] == nowhere["level"] == "warning"
    assert (nowhere["status"], nowhere["interface"], nowhere["path"]) == (404, "-", "/nowhere")


def test_a_campaign_that_is_added_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path, clock=HandClock(NOW)) as house:
        added = Campaigning(house).add()
    (line,) = lines(capfd.readouterr().err)
    assert line["campaign"] == str(added)


def test_that_a_server_is_well_is_told_to_those_who_debug_it_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for level in ("info", "debug"):
        with logging_as_the_program_does(log_level=level), House(tmp_path / level) as house:
            for path in ("/healthz", "/readyz", "/metrics", "/docs"):
                assert house.http.get(house.url + path).status_code == 200
            assert house.http.post(f"{house.url}/healthz").status_code == 405
        told = [(line["path"], line["level"]) for line in lines(capfd.readouterr().err)]
        assert told == (
            [("/docs", "info"), ("/healthz", "warning")]
            if level == "info"
            else [
                ("/healthz", "debug"),
                ("/readyz", "debug"),
                ("/metrics", "debug"),
                ("/docs", "info"),
                ("/healthz", "warning"),
            ]
        )


def test_that_a_server_cannot_work_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        with closing(sqlite3.connect(house.settings.data_dir / DATABASE_FILE)) as database:
            database.execute("ALTER TABLE schema_version RENAME TO elsewhere")
        assert house.http.get(f"{house.url}/readyz").status_code == 503
    told = [each for each in lines(capfd.readouterr().err) if each["event"] == "request"]
    assert [(each["level"], each["status"], each["path"]) for each in told] == [
        ("warning", 503, "/readyz")
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (f"/call/{NUMBER}", "/call/*********00"),
        ("/%1b%5b31m", "/\u001b[31m"),
        (f"/{'x' * 5000}", f"/{'x' * 199}"),
    ],
)
def test_a_path_that_is_none_is_told_harmless_and_cut(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], asked: str, told: str
) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        assert house.http.get(house.url + asked).status_code == 404
    logged = capfd.readouterr().err
    assert "\x1b" not in logged
    assert lines(logged)[0]["path"] == told


def test_who_is_not_let_in_is_told_with_the_key_the_peer_and_the_host(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        host = house.url.removeprefix("http://")
        with_return = OpenKey(house.key.ak, f"{house.key.secret}\r", VDN)
        unknown = OpenKey("A" * 20, house.key.secret, VDN)
        swapped = OpenKey(house.key.secret, house.key.ak, VDN)
        answers = [house.post("list", {}, key=key) for key in (with_return, unknown, swapped)]
        late = house.post("list", {}, at="2020-01-01T00:00:00Z")
    told = lines(capfd.readouterr().err)  # a line with a hint comes a little later than others
    known, too_late = sorted(
        (line for line in told if line["claimed_key"] == house.key.ak),
        key=lambda line: "hint" not in line,
    )
    no_key, secret_sent = (line for line in told if line["claimed_key"] != house.key.ak)
    assert {answer.text for answer in answers} == {answers[0].text}
    assert (known["level"], known["status"], known["key"]) == ("warning", 401, None)
    assert (known["claimed_key"], known["host"]) == (house.key.ak, host)
    assert known["path"] == "/rest/isales/v1/openapi/campaigns/25/appoint/list"
    assert known["peer"].startswith("127.0.0.1:")
    assert known["hint"] == "it fits the secret with a carriage return behind it"
    assert (no_key["claimed_key"], no_key.get("hint")) == ("A" * 20, None)
    assert secret_sent["claimed_key"] == f"{house.key.secret[:4]}..."
    assert (too_late["claimed_key"], too_late.get("hint")) == (house.key.ak, None)
    assert late.status_code == 401


def test_a_hint_is_looked_for_as_long_for_a_key_that_there_is_not(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The line of such a request comes behind that of the next one, unless that took long."""
    clock = HandClock(NOW)
    with logging_as_the_program_does(), House(tmp_path, clock=clock) as house:
        forged = OpenKey(house.key.ak, "x", VDN)
        unknown = OpenKey("A" * 20, house.key.secret, VDN)
        for _ in range(5):
            for key, path in ((forged, "/forged"), (unknown, "/unknown")):
                assert house.post("list", {}, key=key).status_code == 401
                house.http.get(f"{house.url}{path}")
            clock.move(1_000)
    told = lines(capfd.readouterr().err)
    order = [line.get("claimed_key", line["path"]) for line in told]
    for key, path in ((forged, "/forged"), (unknown, "/unknown")):
        mine = [each for each in order if each in (key.ak, path)]
        begins = [mine[:count] for count in range(len(mine))]
        assert any(begin.count(path) > begin.count(key.ak) for begin in begins)


def test_a_body_too_large_of_somebody_unknown_is_told_with_who_says_it_is_whose(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        assert house.post("list", b" " * (1024 * 1024 + 1)).status_code == 413
    (line,) = lines(capfd.readouterr().err)
    assert (line["key"], line["claimed_key"]) == (None, house.key.ak)
    assert line["peer"].startswith("127.0.0.1:")


def test_hints_are_few_while_a_flood_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path, clock=HandClock(NOW)) as house:
        forged = OpenKey(house.key.ak, "x", VDN)
        for _ in range(5):
            assert house.post("list", {}, key=forged).status_code == 401
    told = lines(capfd.readouterr().err)
    assert Counter(line["hint"].startswith("it was not looked") for line in told) == {
        True: 4,
        False: 1,
    }


def test_a_key_whose_hint_invented_keys_have_taken_is_told_that_they_were_too_many(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path, clock=HandClock(NOW)) as house:
        for letter in "ABCDEFGH":
            invented = OpenKey(letter * 20, "x", VDN)
            assert house.post("list", {}, key=invented).status_code == 401
        assert house.post("list", {}, key=OpenKey(house.key.ak, "x", VDN)).status_code == 401
    hints = {line["claimed_key"]: line.get("hint") for line in lines(capfd.readouterr().err)}
    assert hints.pop(house.key.ak) == (
        "it was not looked for a mistake, for too many signatures did not match this second"
    )
    assert set(hints.values()) == {None}


@pytest.mark.parametrize("part", ["body", "query", "signed header"])
@pytest.mark.parametrize(("size", "is_tried"), [(TRIED_MAX - 600, True), (TRIED_MAX, False)])
def test_whatever_is_large_of_a_request_no_mistake_is_looked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], part: str, size: int, *, is_tried: bool
) -> None:
    much = "x" * size
    with logging_as_the_program_does(), House(tmp_path) as house:
        path = f"/rest/isales/v1/openapi/campaigns/{VDN}/appoint/list"
        sent = sign(
            OpenKey(house.key.ak, "x", VDN),
            house.url.removeprefix("http://"),
            path,
            much.encode() if part == "body" else b"{}",
            at=signing.timestamp(house.now()),
            headers={"x-more": much} if part == "signed header" else None,
        )
        if part == "query":
            sent = sent._replace(path=f"{sent.path}?{much}=1")
        assert sent.send(house.url).status_code == 401
    hints = [each["hint"] for each in lines(capfd.readouterr().err) if "hint" in each]
    assert [each.startswith("no usual mistake fits") for each in hints] == [is_tried]
    assert ["too large" in each for each in hints] == [not is_tried]


def test_a_line_of_text_is_for_people(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with logging_as_the_program_does(log_format="text"), House(tmp_path) as house:
        house.post("delete", {"appointId": "x"})
        house.http.get(f"{house.url}/\u202e")
    line, hostile = capfd.readouterr().err.splitlines()
    shown = re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} warning request (.*)", line)
    assert shown is not None
    assert f"interface=delete status=200 code=04000004 key={house.key.ak} vdn=25 ms=" in shown[1]
    assert shown[1].endswith(""" why="appointId: there is no reservation 'x' in VDN 25\"""")
    assert hostile.endswith(r" path=/\u202e")


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
    ("name", "field"),
    [("delete", "appointId"), ("updateResult", "appointId"), ("create", "taskId")],
)
@pytest.mark.parametrize(
    "number", ["13800138000", "138 0013 8000", "138-0013-8000", "(138) 0013-8000"]
)
def test_no_number_stands_in_full_in_why_or_a_path(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, field: str, number: str
) -> None:
    id_ = "174738152455111432454674595509"
    with logging_as_the_program_does(), House(tmp_path) as house:
        body = {"calledNo": "1", "callType": 1, "userAccount": "a", "taskId": TASK}
        more = {"appointTime": house.now() + HOUR, "failCode": "1", "callId": "1"}
        house.post(name, body | more | {field: number})
        house.http.get(f"{house.url}/x/{number}/y")
        house.post("delete", {"appointId": id_})
    said = capfd.readouterr().err
    for digits in (number, "13800138", "0013 8000", "0013-8000", "138 0013"):
        assert digits not in said
    assert lines(said)[-1]["why"] == f"appointId: there is no reservation '{id_}' in VDN 25"
