"""Output goes to whoever reads it: who stops reading, a full disk, and any locale."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.house import TASK, House
from tests.test_cli import PROGRAM, SECONDS_MAX, environment
from tests.test_cli_endings import known
from tests.warm import Copy, Order

NAME = "张伟😀é"

SHOWING = [
    ["--help"],
    ["--version"],
    ["help", "campaign", "add"],
    ["list"],
    ["list", "--json"],
    ["list", "--all"],
    ["key", "list"],
    ["lines"],
    ["lines", "--json"],
    ["sign", "GET", "http://host/", "--explain"],
    ["doctor"],
    ["settle", "--before", "+0s"],
    ["reservations", "--vdn", "25"],
    ["campaign", "show", TASK, "--vdn", "25"],
]


@pytest.fixture
def full(house: House) -> House:
    """A house with a reservation in it."""
    house.reserve(remark=NAME)
    return house


def written_to(house: House, command: list[str], out: int, errors: Path) -> int:
    """Run a command that writes to a file of its own, and return how it ended."""
    given = environment(**known(house), CALLKEEPER_DATA_DIR=str(house.settings.data_dir))
    with Path(os.devnull).open() as nothing, errors.open("wb") as told:
        files = [nothing.fileno(), out, told.fileno()]
        return Copy(Order(command, "", given, Path.cwd(), SECONDS_MAX), files).wait()


@pytest.mark.parametrize("command", SHOWING, ids=" ".join)
def test_who_stops_reading_is_told_nothing(full: House, command: list[str], tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    status = written_to(full, command, writes, tmp_path / "errors")
    os.close(writes)
    assert (status, (tmp_path / "errors").read_text()) == (-signal.SIGPIPE, "")


def test_so_is_who_stops_reading_the_demo(tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with Path(os.devnull).open() as nothing, (tmp_path / "errors").open("wb") as told:
        files = [nothing.fileno(), writes, told.fileno()]
        order = Order(["demo", "--once"], "", environment(), tmp_path, SECONDS_MAX)
        assert Copy(order, files).wait() == -signal.SIGPIPE
    os.close(writes)
    assert (tmp_path / "errors").read_text() == ""


def test_so_is_who_stops_reading_in_the_middle(full: House) -> None:
    head = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" | head -n 1', "bash", *PROGRAM, "help"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        env=environment(**known(full)),
    )
    assert head.returncode in (0, 128 + signal.SIGPIPE)
    assert (head.stdout, head.stderr) == ("Usage: callkeeper [OPTIONS] COMMAND [ARGS]...\n", "")


@pytest.mark.parametrize("command", SHOWING, ids=" ".join)
def test_a_disk_that_is_full_is_told_in_one_line(
    full: House, command: list[str], tmp_path: Path
) -> None:
    with Path("/dev/full").open("wb") as disk:
        status = written_to(full, command, disk.fileno(), tmp_path / "errors")
    told = (tmp_path / "errors").read_text()
    assert (status, told.count("\n")) == (1, 1), told
    assert "No space left on device" in told


@pytest.mark.parametrize(
    "command", [["--version"], ["help"], ["list"], ["lines", "--json"]], ids=" ".join
)
def test_output_that_is_closed_is_no_failure(full: House, command: list[str]) -> None:
    ended = subprocess.run(
        ["bash", "-c", '"$@" >&-', "bash", *PROGRAM, *command],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        env=environment(**known(full), CALLKEEPER_DATA_DIR=str(full.settings.data_dir)),
    )
    assert (ended.returncode, ended.stderr) == (0, "")


LOCALES = [
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"LC_ALL": "C"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "gbk"},
]


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: "-".join(locale.values()))
def test_any_locale_can_be_written_to(full: House, locale: dict[str, str]) -> None:
    # typer takes ASCII for a locale that somebody forgot to set, and writes UTF-8.
    encoding = locale.get("PYTHONIOENCODING", "utf-8").replace("ascii", "utf-8")
    given = environment(**known(full), CALLKEEPER_DATA_DIR=str(full.settings.data_dir)) | locale

    def shown(*command: str) -> str:
        ended = subprocess.run([*PROGRAM, *command], capture_output=True, check=False, env=given)
        assert b"Traceback" not in ended.stderr
        return (ended.stdout + ended.stderr).decode(encoding)

    (row,) = json.loads(shown("list", "--json"))["reservations"]
    assert row["remark"] == NAME
    assert NAME in escaped_away(shown("list"))


@pytest.mark.parametrize("locale", LOCALES[:2], ids=lambda locale: locale["LC_ALL"])
def test_an_argument_that_is_none_in_a_locale_is_refused(locale: dict[str, str]) -> None:
    ended = subprocess.run(
        [*PROGRAM, "why", NAME],
        capture_output=True,
        text=True,
        check=False,
        env=environment() | locale,
    )
    assert ended.returncode == 2
    assert ended.stderr.endswith(
        "callkeeper: argument 2 is no text in this locale (ascii); set LC_ALL=C.UTF-8\n"
    )


def escaped_away(text: str) -> str:
    """Return a text with each escape as the character that it stands for."""
    units = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16")
