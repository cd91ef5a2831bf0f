"""Ctrl-C ends every command, at every moment, without a word of Python's."""

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from callkeeper.installation.database import DATABASE_FILE
from tests.house import House
from tests.processes import opened_by, told
from tests.test_cli import PROGRAM, environment, started
from tests.test_cli_endings import known
from tests.waiting import until

STARTED_CPU_SECONDS = 0.25  # by then Python has long been ours
INTERRUPTED = -signal.SIGINT  # of which a shell says 130
SERVING = ["--port", "0", "--tls", "off"]


@contextmanager
def begun(*command: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Begin a command from nothing, and go on once it is no longer Python alone."""
    with subprocess.Popen(
        [*PROGRAM, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**more),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def catches(pid: int) -> bool:
    """Whether a process has a handler of its own for Ctrl-C."""
    (caught,) = [
        int(line.split()[1], 16)
        for line in told(pid, "status").splitlines()
        if line.startswith("SigCgt:")
    ]
    return bool(caught >> (signal.SIGINT - 1) & 1)


def interrupted(process: "subprocess.Popen[str]", says: str = "") -> int:
    """Interrupt a command; return how it ended, once it has said no more of it than it should."""
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert told == says
    return process.returncode


def of_ours(process: "subprocess.Popen[str]") -> None:
    """Wait until it is our program that runs, and no longer Python that starts.

    In between it catches nothing, for so short a time that it may not be seen.
    """
    until(lambda: catches(process.pid) or has_ended(process.pid))
    until(lambda: not catches(process.pid) or cpu_seconds(process.pid) > STARTED_CPU_SECONDS)


def has_ended(pid: int) -> bool:
    """Whether a process waits for nothing but to be asked how it ended."""
    return stat(pid)[0] == "Z"


def cpu_seconds(pid: int) -> float:
    """Return how long a process has computed."""
    user, system = stat(pid)[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def stat(pid: int) -> list[str]:
    """Return what Linux tells of a process, from its state on."""
    return told(pid, "stat").rpartition(") ")[2].split()


@pytest.mark.parametrize("command", [["lines"], ["list"], ["--help"]], ids=" ".join)
def test_while_a_command_begins_and_runs(house: House, command: list[str]) -> None:
    where = {"CALLKEEPER_DATA_DIR": str(house.settings.data_dir)}
    for delay in range(0, 400, 40):
        with begun(*command, **where, **known(house)) as process:
            of_ours(process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(delay / 1000)
            assert interrupted(process) in (INTERRUPTED, 0)


def test_while_a_server_begins_and_serves(tmp_path: Path) -> None:
    serve = ["serve", *SERVING, "--line", "rehearsal", "--data-dir", str(tmp_path / "data")]
    for delay in range(0, 1000, 100):
        with begun(*serve) as process:
            of_ours(process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(delay / 1000)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
            assert process.returncode == INTERRUPTED
            assert "Traceback" not in told
            assert "Exception ignored" not in told


@pytest.mark.parametrize("delay", [0, 500, 1000, 2000])
def test_while_the_demo_plays(delay: int) -> None:
    with begun("demo", "--once") as process:
        of_ours(process)
        with suppress(subprocess.TimeoutExpired):
            process.wait(delay / 1000)
        assert interrupted(process) == INTERRUPTED


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_while_the_demo_stays_up(number: int, status: int, tmp_path: Path) -> None:
    with begun("demo", TMPDIR=str(tmp_path)) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if " lines --data-dir " in line:  # the last that it says
                break
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (status, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("migrate", ""),
        ("backup", "callkeeper: interrupted; nothing is left of the copy\n"),
    ],
)
def test_while_a_command_waits_for_the_database(tmp_path: Path, command: str, says: str) -> None:
    started(tmp_path / "data")
    file = tmp_path / "data" / DATABASE_FILE
    where = ["--data-dir", str(tmp_path / "data")]
    target = [str(tmp_path / "copy")] if command == "backup" else []
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with begun(command, *target, *where) as process:
            of_ours(process)
            until(lambda: file_is_open(process.pid, file))
            assert interrupted(process, says) == INTERRUPTED
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data"]


def file_is_open(pid: int, file: Path) -> bool:
    return str(file) in opened_by(pid)


def test_who_had_it_ignored_is_not_interrupted(house: House) -> None:
    given = environment(**known(house), CALLKEEPER_DATA_DIR=str(house.settings.data_dir))
    ignoring = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    shell = f"{ignoring} os.execv(sys.executable, sys.argv[1:])"
    ended = subprocess.run(
        [sys.executable, "-c", shell, *PROGRAM, "lines"],
        capture_output=True,
        check=False,
        env=given,
    )
    assert ended.returncode == 0


def writes(pid: int) -> bool:
    """Whether a process is writing to its standard output, and waits for room there."""
    call = told(pid, "syscall").split()
    return call[1:2] == ["0x1"]


def test_twice_where_nobody_reads_what_a_command_says(house: House) -> None:
    reader, writer = os.pipe()
    os.write(writer, b" " * fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096))
    with subprocess.Popen(
        [*PROGRAM, "list"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**known(house), PYTHONUNBUFFERED=""),
    ) as process:
        os.close(writer)
        try:
            until(lambda: writes(process.pid))
            process.send_signal(signal.SIGINT)
            until(lambda: not catches(process.pid))
            assert process.poll() is None
            assert interrupted(process) == INTERRUPTED
        finally:
            process.kill()
    os.close(reader)
