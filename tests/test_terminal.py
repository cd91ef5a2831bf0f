"""What others wrote cannot steer the terminal of whoever looks at it, nor forge a line there."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from callkeeper.installation.database import DATABASE_FILE
from callkeeper.log import configure, flush
from callkeeper.settings import Settings
from callkeeper.terminal import blanked, harmless
from callkeeper.usecases.keys import issue
from tests.house import VDN, House
from tests.test_cli import Ended, at_house, run

NASTY = "one\r\n  now: done\ttwo \u202egnp.exe\u2066 \u200f."
STEERS = "\u202e\x9b\u2066\x1b\x07"
SHOWN = "one   now: done two \\u202egnp.exe\\u2066 \\u200f."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("客户 Zoë 🙂 a\u3000b\u00a0c", "客户 Zoë 🙂 a\u3000b\u00a0c"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("a\r\nb\rc\nd\te", "a b c d e"),
        ("\x1b[2J\x07\x00\x7f", r"\u001b[2J\u0007\u0000\u007f"),
        ("\x9b31m", r"\u009b31m"),
        ("\u2028\u2029\u061c\ufeff", r"\u2028\u2029\u061c\ufeff"),
        ("\udcff", r"\udcff"),
        ("a\xadb\u180e\u200b\u2060\u2064", r"a\u00adb\u180e\u200b\u2060\u2064"),
        ("\u206a\u206f\ufff9\ufffb", r"\u206a\u206f\ufff9\ufffb"),
        ("a\U000e0001\U000e0041\U000e007f", r"a\udb40\udc01\udb40\udc41\udb40\udc7f"),
        ("क्\u200dष ก็่ e\u0301\u0323", "क्\u200dष ก็่ e\u0301\u0323"),
        ("🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂 ……………………………………………………", "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂 ……………………………………………………"),
        ("a" + "\u0301" * 10, "a" + "\u0301" * 8 + r"\u0301\u0301"),
        ("ก" + "\u0e49\u200d" * 9, "ก" + "\u0e49\u200d" * 8 + r"\u0e49\u200d"),
    ],
    ids=ascii,
)
def test_a_character_that_steers_a_terminal_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_json_keeps_its_meaning() -> None:
    value = {NASTY: [NASTY, "a\U000e0041" + "\u0301" * 300]}
    assert json.loads(harmless(json.dumps(value, ensure_ascii=False))) == value
    assert blanked("a\x1b\u202e\n") == "a   "


def test_a_note_is_kept_as_it_is_and_shown_on_one_line(house: House) -> None:
    house.reserve(remark=NASTY)
    assert house.listed()[0]["remark"] == NASTY
    where = ["--data-dir", str(house.settings.data_dir)]
    listed = at_house(house, "list")
    assert SHOWN in listed.out
    assert listed.out.count("\n") == 3  # the head, the row, the count
    told = run("why", house.listed()[0]["appointId"], *where)
    assert f'"{SHOWN}"' in told.out
    assert told.out.count("\n") == 3
    as_json = run("why", house.listed()[0]["appointId"], "--json", *where)
    assert as_json.value["stories"][0]["events"][0]["detail"]["remark"] == NASTY
    for ended in (listed, told, as_json, at_house(house, "list", "--json")):
        assert not set(ended.out) & set("\x9b\u202e\u2066\u200f\r\t")


def test_why_tells_which_members_are_variables(house: House) -> None:
    data = '{"date":"x","first-name":1,"客户":2}'
    where = ["--data-dir", str(house.settings.data_dir)]
    told = run("why", house.reserve(callType=2, callData=data), *where).out
    assert "; call data goes along as CALLDATA and as CALLDATA_date" in told
    assert "; only in CALLDATA: first-name, 客户" in told
    assert "CALLDATA" not in run("why", house.reserve(callData=data), *where).out
    assert "CALLDATA" not in run("why", house.reserve(callType=2, callData="{}"), *where).out


class Hostile(BaseHTTPRequestHandler):
    """A server whose refusals would rather be commands."""

    answers: Mapping[str, object]

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = json.dumps(self.answers)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


def told_by(answers: Mapping[str, object], *command: str) -> Ended:
    """Run a command against a server that gives this answer to everything."""
    hostile = type("OneAnswer", (Hostile,), {"answers": answers})
    with HTTPServer(("127.0.0.1", 0), hostile) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        ended = run(
            *command,
            CALLKEEPER_URL=f"http://127.0.0.1:{server.server_port}",
            CALLKEEPER_AK="ak",
            CALLKEEPER_SK="sk",
            CALLKEEPER_VDN="1",
        )
        server.shutdown()
    return ended


def test_a_hostile_servers_words_are_one_harmless_line() -> None:
    refusal = {"resultCode": "0200001", "resultDesc": f"{NASTY}\x9b31m\x1b]0;owned\x07"}
    ended = told_by(refusal, "cancel", "1")
    assert (ended.status, ended.err.count("\n")) == (1, 1)
    assert ended.err.strip().isprintable()
    assert r"\u001b]0;owned\u0007" in ended.err


@pytest.mark.parametrize("name", ["resultCode", "resultDesc", "returnCode", "returnDesc"])
@pytest.mark.parametrize("command", [["cancel", "1"], ["list"], ["list", "--campaign", "x"]])
def test_no_field_of_a_refusal_steers_anything(name: str, command: list[str]) -> None:
    steering = f"\x1b[2J\n0200001{STEERS}"
    ended = told_by({"resultCode": "0200001", "returnDesc": "no", name: steering}, *command)
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.strip().isprintable()
    as_json = told_by({"resultCode": "0200001", name: steering}, *command, "--json")
    assert as_json.err.strip().isprintable()


def test_the_id_that_a_hostile_server_gives_is_one_harmless_line() -> None:
    made = {"resultCode": "0200000", "returnObject": {"appointId": NASTY + STEERS}}
    command = ["reserve", "1", "--at", "+1h", "--campaign", "1", "--agent", "ann"]
    ended = told_by(made, *command)
    assert (ended.status, ended.out.count("\n")) == (0, 1)
    assert ended.out.strip().isprintable()
    assert told_by(made, *command, "--json").value == {"id": NASTY + STEERS}


def test_a_log_line_steers_nothing(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    configure(Settings())
    house.post("delete", {"appointId": "x\u202e\x9b"})
    flush()
    said = capfd.readouterr().err
    assert "appointId" in said
    assert not set("\x9b\u202e") & set(said)


@pytest.mark.parametrize(
    "arguments",
    [
        [f"x{STEERS}"],
        ["list", f"--x{STEERS}"],
        ["list", f"x{STEERS}"],
        ["list", "--begin", STEERS],
        ["why"],
        ["campaign", f"x{STEERS}"],
        ["key", "create", "--vdn", STEERS],
        ["key", "create", "--all-vdns", "--note", STEERS],
        ["agent", "name", STEERS, "ann", "--vdn", "25"],
        ["serve", "--port", STEERS],
        ["serve", "--host", STEERS],
        ["serve", "--line", STEERS],
        ["backup", STEERS, "--data-dir", "/nowhere"],
        ["key", "revoke", STEERS, "--data-dir", f"/nowhere{STEERS}"],
        ["sign", STEERS, "http://host/"],
        ["sign", "GET", f"http://{STEERS}/"],
        ["sign", "GET", "http://host/", "--file", f"/nowhere{STEERS}"],
    ],
    ids=ascii,
)
def test_an_argument_that_is_repeated_steers_nothing(arguments: list[str]) -> None:
    ended = run(*arguments, CALLKEEPER_AK="ak", CALLKEEPER_SK="sk")
    assert "Traceback" not in ended.err
    assert not set(ended.out + ended.err) & set(STEERS)


def test_no_command_that_shows_what_is_stored_is_steered_by_it(house: House) -> None:
    house.has_campaign(7, name=NASTY + STEERS, description=NASTY + STEERS)
    reserved = house.reserve(taskId="7")
    # The interfaces refuse most of it; a database may have it from elsewhere.
    with closing(sqlite3.connect(house.settings.data_dir / DATABASE_FILE)) as file, file:
        file.execute("UPDATE reservation SET remark = ?1, agent = ?1", [NASTY + STEERS])
    issue(house.store, house.seal, house.clock, VDN, NASTY + STEERS)
    where = ["--data-dir", str(house.settings.data_dir)]
    shown = [
        run(*command, *where)
        for command in (
            ["why", reserved],
            ["attempts", reserved],
            ["key", "list"],
            ["key", "list", "--json"],
            ["campaign", "dialing", "7", "--vdn", str(VDN)],
            ["lines"],
            ["doctor"],
        )
    ]
    shown += [at_house(house, "list"), at_house(house, "list", "--json")]
    assert "now: done" in shown[2].out
    for ended in shown:
        assert "Traceback" not in ended.err
        assert not set(ended.out + ended.err) & set(STEERS)
        assert not any(line.startswith("  now: done") for line in ended.out.splitlines())


BUG = """
import sys
from callkeeper.cli.program import main, program

def fail(context):
    raise RuntimeError("what is stored:\\x1b[2J\\x9b\\u202e\\x07")

program.invoke = fail
sys.argv = ["callkeeper", "lines"]
main()
"""


def test_a_bug_is_told_in_full_and_steers_nothing() -> None:
    ended = subprocess.run([sys.executable, "-c", BUG], capture_output=True, check=False)
    said = ended.stderr.decode()
    assert ended.returncode == 1
    assert said.startswith("Traceback (most recent call last):\n  File ")
    assert said.endswith("\nRuntimeError: what is stored:\\u001b[2J\\u009b\\u202e\\u0007\n")
    assert not set(said) & set(STEERS)


def test_an_error_about_a_path_is_harmless_too(tmp_path: Path) -> None:
    ended = run("key", "list", "--data-dir", str(tmp_path / "x\x1b[31m\u202e"))
    assert ended.status == 1
    assert ended.err.strip().isprintable()
