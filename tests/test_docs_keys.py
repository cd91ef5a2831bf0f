"""The lines of the documents that take a key into a shell, run as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_cli import environment, run
from tests.test_docs import PAGES

# A line of an indented block, or of a fenced one, that lets a shell do what a command prints.
_EVAL = re.compile(r"^ *([^`\n]*\beval\b.*)$", re.MULTILINE)
LINES = sorted({line for page in PAGES for line in _EVAL.findall(page.read_text("utf-8"))})
SHELLS = ("bash", "sh")
NAMES = ("AK", "SK", "VDN")


def taken(folder: Path, shell: str, line: str, **more: str) -> tuple[list[str], str]:
    """Run a line where the README is read, or where `callkeeper` is on the path.

    Return its status and what is set then, and errors.
    """
    venv = folder / ".venv"
    if not venv.exists():
        venv.symlink_to(sys.prefix)
    shown = " ".join(f'"${{CALLKEEPER_{name}-unset}}"' for name in NAMES)
    ended = subprocess.run(
        [shell, "-c", f'{line}\nprintf "%s\\n" "$?" {shown}'],
        cwd=folder,
        env=environment(**more) | {"PATH": f"{sys.prefix}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ended.stdout.splitlines(), ended.stderr


def test_there_are_such_lines() -> None:
    assert any(line.startswith("keys=$(.venv/bin/callkeeper key create") for line in LINES)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("line", LINES)
def test_the_key_of_a_command_that_succeeds_is_set(tmp_path: Path, shell: str, line: str) -> None:
    where = ["--data-dir", str(tmp_path / "callkeeper-data")]
    assert run("migrate", *where).status == 0
    (status, *key), errors = taken(tmp_path, shell, line)
    assert (status, errors) == ("0", "")
    (stored,) = run("key", "list", "--json", *where).value["keys"]
    assert key == [stored["ak"], key[1], str(stored["vdn"])]
    assert re.fullmatch(r"[A-Za-z0-9_-]{40}", key[1])


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("line", LINES)
def test_one_that_fails_says_why_and_sets_nothing(tmp_path: Path, shell: str, line: str) -> None:
    """There is no installation; the status tells, also to a script that goes on only after it."""
    (status, *key), errors = taken(tmp_path, shell, line)
    assert (status, key) == ("1", ["unset"] * 3)
    assert errors.startswith("callkeeper: there is no installation at callkeeper-data")
    kept = {f"CALLKEEPER_{name}": "before" for name in NAMES}
    (status, *key), errors = taken(tmp_path, shell, line, **kept)
    assert (status, key) == ("1", ["before"] * 3)
    assert not (tmp_path / "callkeeper-data").exists()
