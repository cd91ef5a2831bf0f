"""What docs/quick-start.md has an integrator type, typed from its first line to its last."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from textwrap import dedent

import pytest

from tests.conftest import leave_out
from tests.documented_pages import sections
from tests.ports import free_port
from tests.surface import ROOT
from tests.test_cli import run_in

PAGE = PurePosixPath("docs/quick-start.md")
README = PurePosixPath("README.md")
_FENCE = re.compile(r"^ *```.*\n?", re.MULTILINE)
_CAMPAIGN = re.compile(r"^ +\S*callkeeper (campaign add .*)$", re.MULTILINE)

# What an integrator does besides: has terminals, waits a little, and takes an id from an answer.
_INTEGRATOR = r"""
set -eu
port=$1
trap 'kill $(jobs -p); wait' EXIT
comes() { for _ in $(seq 300); do if "$@"; then return; fi; sleep 0.1; done; echo "no $*"; exit 1; }
serves() { grep -q ' serves ' serve.log; }
is_called() { ! command bash "$@" | grep -q '"callType":"2".*"failCode":null'; }
make() { [ "$*" = 'run ARGS=--once' ]; }
callkeeper() {
  case $1 in
    serve) command callkeeper "$@" --port "$port" 2>serve.log & comes serves ;;
    *) command callkeeper "${@//APPOINT_ID/$APPOINT_ID}" ;;
  esac
}
bash() {
  case $2 in */list) comes is_called "$@" ;; esac
  said=$(command bash "${@//APPOINT_ID/$APPOINT_ID}")
  case $2 in */create) APPOINT_ID=$(sed 's/.*"appointId":"//; s/".*//' <<<"$said") ;; esac
  echo "$said"
}
APPOINT_ID=
"""


def test_what_is_typed_makes_a_call_of_either_kind(tmp_path: Path) -> None:
    missing = [name for name in ("bash", "curl", "openssl") if not shutil.which(name)]
    if missing:
        leave_out(f"the quick start: no {', '.join(missing)} here")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    lines = _typed(tmp_path).splitlines()
    answers = [json.loads(line) for line in lines if line.startswith('{"')]
    assert [each["resultCode"] for each in answers] == ["0200000"] * 5
    created, manual, filed, automatic, called = answers
    (row,) = manual["data"]
    assert row["appointId"] == created["returnObject"]["appointId"]
    assert (row["remark"], row["taskName"], row["failCode"]) == ("回访", "CRM", None)
    assert filed["resultDesc"] == "update success"
    (row,) = called["data"]
    assert row["appointId"] == automatic["returnObject"]["appointId"]
    assert (row["failCode"], row["callerNo"]) == ("00537", "4008005555")
    assert any("busy, code 00537" in line for line in lines)


@pytest.mark.parametrize("pages", [(PAGE, README), (README, PAGE)], ids=lambda pages: pages[0].name)
def test_it_and_the_readme_can_both_be_followed_in_one_checkout(
    tmp_path: Path, pages: tuple[PurePosixPath, ...]
) -> None:
    assert run_in(tmp_path, "migrate").status == 0
    lines = [_CAMPAIGN.findall((ROOT / page).read_text("utf-8")) for page in pages]
    assert [len(each) for each in lines] == [1, 1]
    added = [run_in(tmp_path, *shlex.split(line)) for (line,) in lines]
    assert [each.status for each in added] == [0, 0], added


def _typed(folder: Path) -> str:
    """Type all that the page has in a folder like a checkout, and return what is printed."""
    port = str(free_port())
    blocks = [_FENCE.sub("", block) for each in sections(PAGE) for block in each.code]
    typed = "\n".join(dedent(block) for block in blocks)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CALLKEEPER_")}
    done = subprocess.run(
        ["bash", "-c", _INTEGRATOR + typed.replace("28443", port), "bash", port],  # noqa: S607 - the reader's bash
        cwd=folder,
        env=kept,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
