"""A data directory that cannot be made, or not written in, is told in one sentence."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.test_cli import PROGRAM, Ended, environment, run, started

# A root may make and write what nobody may; this one may not.
BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
ADVICE = (
    "; name a folder that this user may make and write in with --data-dir (or "
    "CALLKEEPER_DATA_DIR), or make it as root and give it to this user with chown\n"
)


def cannot(file: Path, why: str) -> str:
    return f"callkeeper: data_dir: cannot make or open {file} ({why}){ADVICE}"


def run_bound(*arguments: str) -> Ended:
    """Run a command as somebody who may not write everywhere."""
    ended = subprocess.run(
        [*BOUND, *PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(),
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder in which nothing can be made."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    return folder


@pytest.mark.parametrize(
    "command",
    [["serve", "--port", "0"], ["migrate"], ["demo", "--once"]],
    ids=lambda words: str(words[0]),
)
def test_a_folder_that_may_not_be_made_is_named_with_what_to_do(
    closed: Path, command: list[str]
) -> None:
    folder = closed / "deep" / "data"
    ended = run_bound(*command, "--data-dir", str(folder))
    assert (ended.status, ended.err) == (4, cannot(folder, "Permission denied"))


def test_so_is_one_that_cannot_be_made_at_all(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    file.chmod(0o600)
    for folder, why in (
        (file / "data", "Not a directory"),
        (file, "File exists"),
        (Path("/proc/callkeeper"), "No such file or directory"),
    ):
        for command in (["serve", "--port", "0"], ["migrate"]):
            ended = run(*command, "--data-dir", str(folder))
            assert (ended.status, ended.err) == (1, cannot(folder, why))


@pytest.mark.parametrize(
    ("command", "file"),
    [
        (["serve", "--port", "0"], "callkeeper.db"),
        (["serve", "--port", "0", "--tls", "auto"], "tls-key.pem"),
        (["migrate"], "callkeeper.db"),
    ],
    ids=["serve", "serve with TLS", "migrate"],
)
def test_a_file_that_may_not_be_made_in_it_is_named_with_what_to_do(
    closed: Path, command: list[str], file: str
) -> None:
    ended = run_bound(*command, "--data-dir", str(closed))
    assert (ended.status, ended.err) == (4, cannot(closed / file, "Permission denied"))


def test_a_sealing_key_that_may_not_be_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    where = started(tmp_path)
    assert run("key", "create", "--vdn", "25", *where).status == 0
    (tmp_path / "sealing.key").chmod(0)
    ended = run_bound("serve", "--port", "0", *where)
    assert ended.status == 4
    assert f"cannot make or open {tmp_path / 'sealing.key'} (Permission denied)" in ended.err
    assert ended.err.count("\n") == 1


def test_a_place_where_no_backup_may_be_made_is_named(closed: Path, tmp_path: Path) -> None:
    where = started(tmp_path / "data")
    for target in (closed / "copy", closed / "deep" / "copy"):
        ended = run_bound("backup", str(target), *where)
        assert ended.status == 4
        assert ended.err == (
            f"callkeeper: {target} cannot be made (Permission denied); name a directory where "
            "this user may make one\n"
        )


def test_a_sealing_key_is_made_whatever_a_killed_process_left(tmp_path: Path) -> None:
    for number in range(os.getpid(), os.getpid() + 2_000):  # the next processes' among them
        (tmp_path / f"sealing.key.{number}").touch()
    (tmp_path / "sealing.key.1").touch()
    assert run("migrate", "--data-dir", str(tmp_path)).status == 0
    assert run("key", "create", "--vdn", "25", "--data-dir", str(tmp_path)).status == 0
    assert not [each for each in tmp_path.glob("sealing.key.*") if not each.suffix[1:].isdecimal()]
