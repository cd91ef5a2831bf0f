"""What there is to do now, at a terminal and for a script, and again when it changes."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rich.cells import cell_len

from callkeeper.clock import SystemClock
from callkeeper.core.people.person import Role
from callkeeper.core.people.presence import PRESENT_MS, Renewal, There
from callkeeper.core.reservations.changes import Result
from callkeeper.usecases.short_ids import short_id
from tests.store.test_staff import added
from tests.stored import HOUR, MINUTE, VDN, Stored
from tests.test_cli import PROGRAM, environment

WATCH = [*PROGRAM, "board", "--watch", "--vdn", str(VDN)]


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    stored = Stored(tmp_path / "data")
    yield stored
    stored.store.close()


AGENT = {"account": "ann", "name": "Ann Li", "presence": None, "seen_at": None}


def given(stored: Stored) -> dict[str, str]:
    return environment(CALLKEEPER_DATA_DIR=str(stored.data_dir))


def test_where_there_is_nothing_to_do_it_says_so(stored: Stored) -> None:
    lines = stored.ask("board").out.splitlines()
    assert lines[0].endswith(": nothing")
    assert lines[1:] == ["today: nothing"]


def test_it_tells_what_there_is_to_do_who_has_it_and_what_holds_it(stored: Stored) -> None:
    broken, _ = stored.promise(-2 * HOUR), stored.promise(-MINUTE, agent="bob")
    stored.promise(20 * MINUTE, kind="automatic", agent=None)
    lines = stored.ask("board", "--time-zone", "Asia/Shanghai").out.splitlines()
    assert lines[0].startswith(f"VDN {VDN}, ")
    assert lines[0].endswith(" (Asia/Shanghai): 1 due, 1 late, 1 broken")
    assert lines[1].startswith("today: ")
    assert (
        "! no dialer is running, which holds 1 automatic call; `callkeeper dial` starts one"
        in lines
    )
    table = lines.index(next(line for line in lines if line.startswith("agent ")))
    assert lines[table].split() == ["agent", "broken", "late", "unknown", "due", "calling"]
    assert [line.split()[:-1] for line in lines[table + 1 : table + 3]] == [["Ann", "Li"], ["bob"]]
    (row,) = [line for line in lines if short_id(broken) in line]
    assert "agent Ann Li has not called yet" in row


def test_no_line_of_it_is_wider_than_the_terminal_it_is_read_at(stored: Stored) -> None:
    stored.has_campaign(8, name="Overdue invoices of the last quarter", status="paused")
    for minutes in range(12):
        stored.promise(minutes * MINUTE + HOUR // 4, kind="automatic", agent=None, campaign_id="8")
        stored.promise(-2 * HOUR - minutes)
    for columns in (80, 60):
        shown = stored.at_terminal("board", columns=columns)
        assert max(map(cell_len, shown.splitlines())) <= columns
        assert "`callkeeper campaign resume 8` goes on" in " ".join(shown.split())


def test_a_campaign_that_is_paused_is_told_with_the_calls_of_agents_that_it_holds(
    stored: Stored,
) -> None:
    stored.has_campaign(8, name="Surveys", status="paused")
    for kind, agent in (("automatic", None), ("manual", "ann"), ("manual", "bob")):
        stored.promise(HOUR // 4, kind=kind, agent=agent, campaign_id="8")
    (told,) = [each for each in stored.ask("board").out.splitlines() if "is paused" in each]
    assert told == (
        "! campaign 8 'Surveys' is paused, which holds 1 automatic call; "
        "`callkeeper campaign resume 8` goes on; no agent can have the line ring for 2 calls"
    )
    (hindrance,) = [
        each for each in stored.ask("board", "--json").value["hindrances"] if each["subject"] == "8"
    ]
    assert (hindrance["calls"], hindrance["by_agents"]) == (1, 2)


def test_a_script_reads_the_same(stored: Stored) -> None:
    broken = stored.promise(-2 * HOUR)
    told = stored.ask("board", "--json").value
    assert (told["vdn"], told["counts"]) == (VDN, {"broken": 1})
    assert told["agents"] == [AGENT | {"counts": {"broken": 1}}]
    assert [each["id"] for each in told["missed"]["reservations"]] == [broken]
    assert (told["hindrances"], told["today"]["counted_to"]) == ([], None)


def test_who_is_not_there_and_has_calls_within_the_hour_is_named(stored: Stored) -> None:
    stored.promise(20 * MINUTE)
    stored.promise(20 * MINUTE, agent="bob")
    stored.promise(-MINUTE, agent="cem")
    for login in ("ann", "cem"):
        added(stored.store, login, Role("agent", VDN, login))
    told = stored.ask("board").out
    (absent,) = [line for line in told.splitlines() if line.startswith("! Ann")]
    assert absent == (
        f"! Ann Li is absent, 1 call due within the hour; `callkeeper reassign --vdn {VDN} --from "
        "ann --to AGENT` gives what they have to another agent"
    )
    assert "! bob" not in told  # nobody signs in as that agent
    assert "! cem" not in told  # and nothing of theirs is due within the hour
    rows = {line.split()[0]: line.split()[-1] for line in told.splitlines() if line}
    assert (rows["agent"], rows["Ann"], rows["cem"], rows["bob"]) == ("seen", "never", "never", "1")
    until = SystemClock().now() + PRESENT_MS
    with stored.store.transaction():
        stored.store.presence.renew([Renewal((There("ann", VDN),), until)])
    agents = stored.ask("board", "--json").value["agents"]
    assert {each["account"]: each["presence"] for each in agents} == {
        "ann": "present",
        "bob": None,
        "cem": "absent",
    }
    assert "! Ann" not in stored.ask("board").out


def test_a_script_that_watches_reads_a_line_for_each_change(stored: Stored) -> None:
    late = stored.promise(-2 * HOUR)
    with subprocess.Popen([*WATCH, "--json"], stdout=subprocess.PIPE, env=given(stored)) as watch:
        assert watch.stdout is not None
        assert json.loads(watch.stdout.readline())["counts"] == {"broken": 1}
        stored.change(late, Result(fail_code="00000"))
        assert json.loads(watch.stdout.readline())["counts"] == {}
        watch.send_signal(signal.SIGINT)
        assert watch.stdout.read() == b""
    assert watch.returncode == -signal.SIGINT


def test_a_terminal_is_drawn_anew(stored: Stored) -> None:
    late = stored.promise(-2 * HOUR)
    ours, its = pty.openpty()
    with subprocess.Popen(WATCH, stdout=its, stderr=its, env=given(stored)) as watch:
        os.close(its)
        drawn = _until(ours, b"1 broken")
        stored.change(late, Result(fail_code="00000"))
        drawn = _until(ours, b": nothing\r\ntoday: ")
        watch.send_signal(signal.SIGINT)
    os.close(ours)
    assert b"\x1b[H\x1b[2J" in drawn


def _until(terminal: int, words: bytes) -> bytes:
    """Read a terminal until it shows some words, and return all of it."""
    drawn = b""
    with suppress(OSError):
        while words not in drawn:
            drawn += os.read(terminal, 65536)
    assert words in drawn
    return drawn


def test_today_by_the_hour_is_drawn_where_it_can_be_seen(stored: Stored) -> None:
    stored.promise(-MINUTE)
    # Where it is noon, so that a minute ago was today.
    noon = f"Etc/GMT{stored.now // HOUR % 24 - 12:+d}"
    board = ["board", "--time-zone", noon]
    assert "by the hour: 1" in stored.ask(*board).out
    assert "by the hour" not in stored.ask(*board, PYTHONIOENCODING="ascii").out
