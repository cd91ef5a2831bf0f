"""What `make run` does before it plays: each step is said, and the machine is left as it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkouts import copied, venv_with_packages

APT_GET = """#!/bin/sh
echo "$@" >>"{calls}"
[ "$1" = update ] || {{ echo "no package of that name"; exit 100; }}
"""
WITHOUT_VENV = """#!/bin/sh
case "$*" in *ensurepip*) exit 1 ;; esac
exec {python} "$@"
"""
STOPS_WHO_CALLS = """#!/bin/sh
[ "$1" = update ] || {{ ls {system} >{seen}; kill -TERM $PPID; }}
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A file with each call of apt-get, which has no packages."""
    (tmp_path / "bin").mkdir()
    program, calls = tmp_path / "bin" / "apt-get", tmp_path / "calls"
    program.write_text(APT_GET.format(calls=calls))
    program.chmod(0o755)
    return calls


def set_up(checkout: Path, calls: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PATH": f"{calls.parent / 'bin'}:{os.environ['PATH']}"} | more
    return subprocess.run(
        ["sh", "scripts/setup.sh", "run"],  # noqa: S607 - the reader's own
        cwd=checkout,
        env=environment | {"PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_each_step_is_said_and_nothing_is_asked_of_apt_where_nothing_is_missing(
    tmp_path: Path, calls: Path
) -> None:
    checkout = copied(tmp_path / "checkout")
    venv_with_packages(checkout / ".venv")
    done = set_up(checkout, calls)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.splitlines() == [
        "setup: installing the packages of requirements/run.txt",
        "setup: installing callkeeper itself",
    ]
    assert not calls.exists()
    made = subprocess.run(
        [checkout / ".venv/bin/callkeeper", "--help"], check=True, capture_output=True, text=True
    )
    assert "serve" in made.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is asked to install anything")
def test_a_package_that_cannot_be_had_is_told_after_what_apt_said(
    tmp_path: Path, calls: Path
) -> None:
    checkout = copied(tmp_path / "checkout")
    python = calls.parent / "bin" / "python-without-venv"
    python.write_text(WITHOUT_VENV.format(python=sys.executable))
    python.chmod(0o755)
    failed = set_up(checkout, calls, PYTHON=str(python))
    assert failed.returncode == 1
    assert failed.stderr.splitlines() == [
        "setup: apt-get install python3-venv",
        "no package of that name",
        f"setup: {python} cannot make virtual environments; apt-get install python3-venv",
    ]
    assert calls.read_text().splitlines() == ["update -qq", "install -y -qq python3-venv"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is asked to install anything")
@pytest.mark.parametrize(
    ("asked", "lie_there"),
    [
        ("install_stopped prometheus", ["policy-rc.d"]),
        ("install_pbx", ["callkeeper-bullseye", "callkeeper-bullseye.sources", "policy-rc.d"]),
    ],
)
def test_who_is_stopped_while_it_installs_leaves_nothing_in_the_system(
    tmp_path: Path, calls: Path, asked: str, lie_there: list[str]
) -> None:
    """It is run with a folder in the place of the system's own."""
    system, seen = tmp_path / "system", tmp_path / "seen"
    system.mkdir()
    program = calls.parent / "bin" / "apt-get"
    program.write_text(STOPS_WHO_CALLS.format(system=system, seen=seen))
    checkout = copied(tmp_path / "checkout")
    script = checkout / "scripts/setup.sh"
    functions, _, _ = script.read_text().partition('\ncommand -v "$python"')
    for folder in ("/usr/sbin/policy", "/etc/apt/sources.list.d/c", "/etc/apt/preferences.d/c"):
        assert folder in functions, "or it would be the system's own"
        functions = functions.replace(folder, f"{system}/{folder.rpartition('/')[2]}")
    here = ". /etc/os-release 2>/dev/null && echo"
    assert here in functions
    functions = functions.replace(here, "VERSION_CODENAME=bookworm && echo")
    sources = "source_of() { echo http://127.0.0.1; }"
    script.write_text(f"{functions}\n{sources}\n{asked}\necho it went on\n")
    stopped = set_up(checkout, calls)
    assert (stopped.returncode, stopped.stdout) == (143, ""), stopped.stderr
    assert seen.read_text().split() == lie_there
    assert list(system.iterdir()) == []
