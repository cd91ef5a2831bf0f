"""What the program says of itself, and that it says so without loading what it does not need."""

import shlex
import subprocess
import sys

import pytest

from callkeeper.cli.commands import GROUPS, PANELS, Command
from callkeeper.cli.help import parted
from tests.command_line import commands, given
from tests.test_cli import environment, run

COMMANDS = [each for rows in PANELS.values() for each in rows]

# What serves, stores, dials or paints, and what takes long to import.
HEAVY = {
    "asyncio",
    "callkeeper.api",
    "callkeeper.client",
    "callkeeper.core",
    "callkeeper.installation",
    "callkeeper.processes",
    "callkeeper.settings",
    "callkeeper.store",
    "cryptography",
    "httpx2",
    "msgspec",
    "psycopg",
    "pydantic",
    "rich",
    "sqlite3",
    "starlette",
    "structlog",
    "uvicorn",
}

TELLS_WHAT_IS_LOADED = """
import atexit, sys
from callkeeper.__main__ import main
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
main()
"""


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_what_is_listed_of_a_command_is_what_its_help_says_first(row: Command) -> None:
    said, _, _ = (commands()[row.name].help or "").partition("\n\n")
    assert row.help == " ".join(said.split())


@pytest.mark.parametrize("name", [row.name for row in COMMANDS])
def test_the_help_of_every_command_ends_with_examples_that_can_be_given(name: str) -> None:
    _, examples = parted(commands()[name].help or "")
    assert 1 <= len(examples) <= 4, "write them in its docstring: lines that begin with $"
    assert examples[0].startswith(f"callkeeper {name}")
    for each in examples:
        _, program, words = each.partition("callkeeper ")
        assert program
        given(shlex.split(words))
        assert len(each) < 78
    shown = run(*name.split(), "-h").out
    assert shown.endswith("".join(f"  {each}\n" for each in examples))


@pytest.mark.parametrize("name", [row.name for row in COMMANDS])
def test_every_argument_and_option_is_explained(name: str) -> None:
    silent = [each.name for each in commands()[name].params if not each.help]
    assert silent == []


def test_every_group_is_said_to_be_something() -> None:
    assert {name.partition(" ")[0] for name in commands() if " " in name} == set(GROUPS)


@pytest.mark.parametrize("asked", ["--help", "-h", "--version", "help", "campaign -h", "help key"])
def test_what_the_program_says_of_itself_loads_no_command(asked: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", TELLS_WHAT_IS_LOADED, *asked.split()],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    loaded = set(told.stderr.split())
    assert "callkeeper.cli.program" in loaded
    assert loaded & HEAVY == set()
    assert told.stdout


@pytest.mark.parametrize(
    ("name", "needless"),
    [
        ("reserve", {"callkeeper.installation", "psycopg", "cryptography", "uvicorn", "pydantic"}),
        ("sign", {"callkeeper.installation", "callkeeper.client", "psycopg", "pydantic"}),
        ("key list", {"callkeeper.client", "callkeeper.processes", "psycopg", "uvicorn"}),
        ("lines", {"callkeeper.client", "callkeeper.processes", "psycopg", "uvicorn"}),
    ],
)
def test_the_help_of_a_command_loads_no_other(name: str, needless: set[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", TELLS_WHAT_IS_LOADED, *name.split(), "-h"],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert set(told.stderr.split()) & needless == set()


@pytest.mark.parametrize("name", ["reserve", "key create", "campaign dialing"])
def test_the_help_of_a_command_can_be_asked_for_in_three_ways(name: str) -> None:
    words = name.split()
    shown = run(*words, "--help")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.startswith(f"Usage: callkeeper {name} ")
    assert shown == run(*words, "-h") == run("help", *words)


def test_the_help_of_a_group_can_be_asked_for_in_four_ways() -> None:
    shown = run("campaign", "--help")
    assert shown.out.startswith("Usage: callkeeper campaign ")
    assert shown == run("campaign", "-h") == run("help", "campaign") == run("campaign", "help")


def test_help_of_what_is_no_command_is_refused() -> None:
    ended = run("help", "resrve")
    assert (ended.status, ended.out) == (2, "")
    assert ended == run("resrve")


@pytest.mark.parametrize(
    ("words", "meant"),
    [("resrve", "reserve"), ("campagn add", "campaign"), ("key creat", "create")],
)
def test_a_command_that_is_mistyped_is_answered_with_the_near_one(words: str, meant: str) -> None:
    ended = run(*words.split())
    assert (ended.status, ended.out) == (2, "")
    assert f"'{meant}'" in ended.err.partition("Did you mean")[2]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("report", "`callkeeper reservations --day today`"),
        ("today", "`callkeeper reservations --day today`"),
        ("overdue", "`callkeeper reservations --overdue`"),
        ("next", "`callkeeper reservations`"),
        ("pause", "`callkeeper campaign pause`"),
        ("revoke", "`callkeeper key revoke`"),
        ("add", "`callkeeper person add` or `callkeeper campaign add`"),
    ],
)
def test_a_word_that_people_try_is_answered_with_the_command_that_is_meant(
    typed: str, meant: str
) -> None:
    ended = run(typed)
    assert (ended.status, ended.out) == (2, "")
    assert f"no such command '{typed}'; did you mean {meant}" in " ".join(ended.err.split())


def test_the_help_tells_by_which_command_a_day_is_reported() -> None:
    told = " ".join(run("--help").out.split())
    assert "reservations Show what is open, overdue ones first; with --day the report" in told


@pytest.mark.parametrize("command", [["reserve"], ["move"], ["campaign", "add"]], ids=" ".join)
def test_where_the_past_is_refused_no_help_offers_it(command: list[str]) -> None:
    assert "+1h30m" in run(*command, "--help").out
    assert "-2d" not in run(*command, "--help").out
