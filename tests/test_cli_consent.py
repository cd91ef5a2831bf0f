"""At a terminal whoever types is asked before what cannot be undone; elsewhere nothing is done."""

import os
import pty
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from select import select

import pytest

from tests.stored import HOUR, SPRING, VDN, Stored
from tests.test_cli import PROGRAM, environment

AGAIN_SECONDS = 0.2
REASSIGN = ["reassign", "--from", "ann", "--to", "bob"]
END = ["campaign", "end", str(SPRING)]


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    """An installation with a call that Ann has to make."""
    stored = Stored(tmp_path / "data")
    stored.name("bob", "Bob Meyer")
    yield stored
    stored.store.close()


def typed(
    stored: Stored, arguments: list[str], answer: bytes | signal.Signals, status: int = 0
) -> str:
    """Run a command at a terminal, answer what it asks, and return what is seen there.

    It ends with a status. A signal is sent once it asks, and ends it.
    """
    ours, its = pty.openpty()
    size = {"COLUMNS": "80", "TERM": "xterm", "CALLKEEPER_VDN": str(VDN)}
    given = {**environment(CALLKEEPER_DATA_DIR=str(stored.data_dir)), **size}
    command = [*PROGRAM, *arguments]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=given) as process:
        os.close(its)
        if isinstance(answer, bytes):
            os.write(ours, answer)
        seen = b""
        with suppress(OSError):  # Linux says so where the other end was closed
            while True:
                if select([ours], [], [], AGAIN_SECONDS)[0]:
                    seen += os.read(ours, 65536)
                elif isinstance(answer, signal.Signals) and b"[y/N]: " in seen:
                    # Again if need be, as a person does: one that comes just before Python waits
                    # for a line is seen when there is one.
                    process.send_signal(answer)
    os.close(ours)
    assert process.returncode == (status if isinstance(answer, bytes) else -answer)
    return re.sub(r"\x1b\[[0-9;]*m", "", seen.decode()).replace("\r\n", "\n")


def test_a_yes_reassigns_and_anything_else_leaves_all_as_it_is(stored: Stored) -> None:
    id_ = stored.promise(HOUR)
    seen = typed(stored, REASSIGN, b"n\n", 1)
    assert "give 1 reservation from ann (Ann Li) to bob (Bob Meyer)? [y/N]: " in seen
    assert "nothing was changed; --yes gives 1 reservation" in seen
    assert stored.agent_of(id_) == "ann"
    assert "gave 1 reservation to bob (Bob Meyer)" in typed(stored, REASSIGN, b"y\n")
    assert stored.agent_of(id_) == "bob"
    assert "?" not in typed(stored, REASSIGN, b"y\n")  # nothing is left to ask for


@pytest.mark.parametrize("command", [REASSIGN, END])
def test_no_more_input_is_a_no(stored: Stored, command: list[str]) -> None:
    id_ = stored.promise(HOUR)
    assert "nothing was changed" in typed(stored, command, b"\x04", 1)
    assert stored.agent_of(id_) == "ann"


@pytest.mark.parametrize("command", [REASSIGN, END])
def test_ctrl_c_at_a_question_ends_the_command_as_it_does_elsewhere(
    stored: Stored, command: list[str]
) -> None:
    id_ = stored.promise(HOUR)
    seen = typed(stored, command, signal.SIGINT)
    assert "Abort" not in seen
    assert "Traceback" not in seen
    assert stored.agent_of(id_) == "ann"
    assert stored.ask("campaign", "show", str(SPRING), "--json").value["state"] == "started"


def test_a_yes_ends_a_campaign_and_a_no_leaves_it(stored: Stored) -> None:
    seen = typed(stored, END, b"n\n", 1)
    assert "end campaign 7 '春季回访' for good? no automatic call is to come" in seen
    assert stored.ask("campaign", "show", str(SPRING), "--json").value["state"] == "started"
    assert "ended; no automatic call is to come" in typed(stored, END, b"y\n")
    assert stored.ask("campaign", "show", str(SPRING), "--json").value["state"] == "ended"


def test_json_is_asked_for_nothing(stored: Stored) -> None:
    id_ = stored.promise(HOUR)
    assert "?" not in typed(stored, [*REASSIGN, "--json"], b"y\n", 1)
    assert "?" not in typed(stored, [*END, "--json"], b"y\n", 1)
    assert stored.agent_of(id_) == "ann"


@pytest.mark.parametrize(
    "command", [["reservations"], ["reservations", "--day", "today"], ["broken"], REASSIGN]
)
def test_a_table_fits_a_terminal_of_80_columns(stored: Stored, command: list[str]) -> None:
    stored.has_campaign(8, name="续约与欠费客户的回访任务二〇二六年第四季度")
    for in_ms in (-3 * HOUR, HOUR):
        stored.promise(in_ms, campaign_id="8", remark="请下午三点以后联系客户谈谈续约的事情")
    seen = typed(stored, command, b"n\n", status=int(command is REASSIGN))
    rows = [line for line in seen.splitlines() if re.match(r"20\d\d-", line)]
    assert rows
    for line in rows:
        wide = sum(2 if ord(each) > 0x2E80 else 1 for each in line)
        assert wide <= 80
