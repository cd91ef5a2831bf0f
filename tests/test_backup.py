"""A backup: whole or not there, whatever ends it; and what is said while it is made."""

import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from callkeeper.installation.database import DATABASE_FILE
from callkeeper.store.engine.sqlite import SqliteSession
from tests.processes import opened_by
from tests.test_cli import PROGRAM, SECONDS_MAX, Ended, environment, run, started
from tests.waiting import until

HIDDEN, SHOWN = b"\x1b[?25l", b"\x1b[?25h"  # a terminal's cursor
LEFT_OVER = "is left of a copy that was killed; remove it"


@pytest.fixture
def where(tmp_path: Path) -> list[str]:
    """The option that names an installation."""
    return started(tmp_path / "data")


@contextmanager
def hanging(tmp_path: Path, where: list[str], *flags: str) -> Iterator["subprocess.Popen[str]"]:
    """A backup that has copied the database, and waits for a sealing key from a terminal."""
    ours, its = pty.openpty()
    key = tmp_path / "data" / "sealing.key"
    key.unlink()
    key.symlink_to(os.ttyname(its))
    command = [*PROGRAM, "backup", str(tmp_path / "copies" / "monday"), *where, *flags]
    pipe = subprocess.PIPE
    given = environment()
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=given) as process:
        try:
            until(lambda: os.ttyname(its) in opened_by(process.pid))
            yield process
        finally:
            process.kill()
    os.close(its)
    os.close(ours)


def said(process: "subprocess.Popen[str]") -> Ended:
    out, err = process.communicate(timeout=SECONDS_MAX)
    return Ended(process.returncode, out, err)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGHUP, 128 + signal.SIGHUP),
        (signal.SIGQUIT, 128 + signal.SIGQUIT),
        (signal.SIGTERM, 128 + signal.SIGTERM),
    ],
)
def test_an_interrupted_backup_leaves_nothing_and_says_so(
    tmp_path: Path, where: list[str], number: signal.Signals, status: int
) -> None:
    with hanging(tmp_path, where) as backup:
        backup.send_signal(number)
        ended = said(backup)
    assert ended == (status, "", "callkeeper: interrupted; nothing is left of the copy\n")
    assert [*(tmp_path / "copies").iterdir()] == []


def test_what_a_killed_backup_leaves_is_told_by_the_next(tmp_path: Path, where: list[str]) -> None:
    other = started(tmp_path / "other")
    with hanging(tmp_path, where) as backup:
        at_work = run("backup", str(tmp_path / "copies" / "tuesday"), *other)
        backup.kill()
        backup.wait()
    assert (at_work.status, at_work.err) == (0, "")
    (draft,) = (tmp_path / "copies").glob("*.unfinished")
    ended = run("backup", str(tmp_path / "copies" / "wednesday"), *other)
    assert ended.status == 0
    assert ended.err.startswith(f"callkeeper: {draft} {LEFT_OVER}")
    assert draft.exists()  # for another machine may work on it
    elsewhere = run("backup", str(tmp_path / "thursday"), *other)
    assert elsewhere.err == ""


def test_a_folder_of_others_is_not_taken_for_one(tmp_path: Path, where: list[str]) -> None:
    (tmp_path / "thesis.unfinished").mkdir()
    (tmp_path / "copy.abcdefgh.unfinished").write_text("no folder")
    assert run("backup", str(tmp_path / "copy"), *where).err == ""


def test_a_full_disk_is_told_in_one_line_and_nothing_is_left(
    tmp_path: Path, where: list[str]
) -> None:
    bound = ["/usr/bin/prlimit", "--fsize=100000"]
    full = subprocess.run(
        [*bound, *PROGRAM, "backup", str(tmp_path / "copies" / "monday"), *where],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
        env=environment(),
    )
    assert (full.stdout, full.stderr.count("\n")) == ("", 1)
    assert full.returncode == 1
    assert full.stderr == (
        "callkeeper: the copy broke off (disk I/O error); nothing is left of it\n"
    )
    assert [*(tmp_path / "copies").iterdir()] == []


def test_a_draft_that_cannot_be_removed_is_named(tmp_path: Path, where: list[str]) -> None:
    with hanging(tmp_path, where) as backup:
        (draft,) = (tmp_path / "copies").glob("*.unfinished")
        draft.rename(tmp_path / "copies" / "moved")
        draft.write_text("no folder any more")
        backup.terminate()
        ended = said(backup)
    assert "Traceback" not in ended.err
    assert f"remove {draft}, which failed (Not a directory)" in ended.err


def test_a_copy_is_of_one_instant_however_much_is_written_meanwhile(tmp_path: Path) -> None:
    """And is read once: what is written while it is made does not begin it anew."""
    source, copy = tmp_path / "source.db", tmp_path / "copy.db"
    session = SqliteSession(source)
    told = []
    with closing(sqlite3.connect(source)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE t (x)")
        other.executemany("INSERT INTO t VALUES (zeroblob(?))", [(1000,)] * 60_000)
        other.commit()

        def tell(done: int, of: int, _: str) -> None:
            told.append((done, of))
            other.execute("INSERT INTO t VALUES (1)")
            other.commit()

        size = session.backup(copy, tell)
    session.close()
    assert len(told) > 3
    assert told == sorted(told)
    assert told[-1] == (size, size) == (copy.stat().st_size,) * 2
    with closing(sqlite3.connect(copy)) as found:
        assert found.execute("SELECT count(*) FROM t").fetchone() == (60_000,)
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@contextmanager
def errors_at_a_terminal(arguments: list[str], out: IO[bytes]) -> Iterator[str]:
    """Run a command whose errors go to a terminal, and yield what it shows there."""
    ours, its = pty.openpty()
    given = {**environment(), "COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen([*PROGRAM, *arguments], stdout=out, stderr=its, env=given) as command:
        os.close(its)
        shown = b""
        with suppress(OSError):  # Linux says so where the other end was closed
            while read := os.read(ours, 65536):
                shown += read
    os.close(ours)
    assert command.returncode == 0
    yield re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def test_at_a_terminal_a_backup_says_how_far_it_is(tmp_path: Path, where: list[str]) -> None:
    out = tmp_path / "out"
    command = ["backup", str(tmp_path / "copy"), *where]
    with out.open("wb") as file, errors_at_a_terminal(command, file) as shown:
        assert re.search(r"copying .*\d+/\d+ bytes|copying .*\d+\.\d/\d+\.\d .?B", shown)
    assert out.read_text().startswith("copied ")


@pytest.mark.parametrize("command", ["backup", "migrate"])
def test_a_terminal_has_its_cursor_again_when_it_was_interrupted(
    tmp_path: Path, where: list[str], command: str
) -> None:
    target = [str(tmp_path / "copy")] if command == "backup" else []
    ours, its = pty.openpty()
    given = {**environment(), "COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen(
        [*PROGRAM, command, *target, *where], stdout=its, stderr=its, env=given
    ) as process:
        os.close(its)
        shown = b""
        with suppress(OSError):  # Linux says so where the other end was closed
            while read := os.read(ours, 65536):
                shown += read
                if HIDDEN in shown and process.poll() is None:  # just as it begins to be drawn
                    process.send_signal(signal.SIGINT)
    os.close(ours)
    assert shown.rfind(SHOWN) > shown.rfind(HIDDEN) >= 0


def test_at_a_terminal_a_migration_says_which_of_how_many_it_is(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["migrate", "--data-dir", str(tmp_path / "data")]
    with out.open("wb") as file, errors_at_a_terminal(command, file) as shown:
        assert re.search(r"migrating 0001_\w+ .* 0/\d+ 0:00:0", shown)
        assert re.search(r"migrating 0002_\w+ .* 1/\d+ ", shown)
    assert re.fullmatch(r"the schema is at \d+; \d+ migrations ran( in .*)?\n", out.read_text())


def test_elsewhere_only_the_end_is_told(tmp_path: Path) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    migrated = run("migrate", *data, "--json")
    assert migrated.err == ""
    assert migrated.value["ran"][0] == "0001_start.sql"
    copied = run("backup", str(tmp_path / "copy"), *data)
    assert copied.err == ""
    first, *_ = copied.out.splitlines()
    assert re.fullmatch(rf"copied \d+\.\d .B to {tmp_path}/copy( in .*)?", first)
    with (tmp_path / "out").open("wb") as file:
        more = ["backup", str(tmp_path / "again"), *data, "--json"]
        with errors_at_a_terminal(more, file) as shown:
            assert shown == ""
    size = (tmp_path / "again" / DATABASE_FILE).stat().st_size
    assert json.loads((tmp_path / "out").read_text())["bytes"] == size
