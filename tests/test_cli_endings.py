"""How commands end that did not do what was asked, each with its status, in words and in JSON."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from callkeeper.core.allowance import Limit
from callkeeper.usecases.keys import limit, revoke
from tests.house import TASK, VDN, House
from tests.test_cli import PROGRAM, RESULT_ID, Ended, environment, run, started
from tests.test_client import BadGateway, Page, showing
from tests.test_data_dir import BOUND

REFUSED, USAGE, UNREACHABLE, NOT_ALLOWED = 1, 2, 3, 4
LONG = "n" * 101
AHEAD = ["--at", "+2h", "--campaign", TASK]


def known(house: House, **more: str) -> dict[str, str]:
    """Return what the environment of an integrator says."""
    given = {"URL": house.url, "AK": house.key.ak, "SK": house.key.secret, "VDN": str(VDN)}
    return {f"CALLKEEPER_{name}": value for name, value in (given | more).items()}


def told(ended: Ended) -> dict[str, Any]:
    """Return the one JSON object in which a command says why nothing came of it."""
    assert (ended.out, ended.err.count("\n")) == ("", 1), ended
    (error,) = json.loads(ended.err).items()
    assert error[0] == "error"
    found: dict[str, Any] = error[1]
    assert found["status"] == ended.status
    return found


@contextmanager
def another_page(house: House, page: Any) -> Iterator[dict[str, str]]:
    with showing(page) as url:
        yield known(house, URL=url)


def test_what_a_rule_refuses_ends_with_1(house: House) -> None:
    refused = run("cancel", RESULT_ID, **known(house))
    assert (refused.status, refused.out) == (REFUSED, "")
    assert refused.err.startswith("callkeeper: 04000004 ")
    assert f"there is no reservation '{RESULT_ID}' in VDN {VDN}" in refused.err
    error = told(run("cancel", RESULT_ID, "--json", **known(house)))
    assert (error["kind"], error["code"]) == ("refused", "04000004")
    assert error["says"] in refused.err


def test_so_does_what_is_not_set_or_not_there(tmp_path: Path) -> None:
    for arguments in (["list"], ["key", "list", "--data-dir", str(tmp_path / "x")]):
        ended = run(*arguments)
        assert (ended.status, ended.err.count("\n")) == (REFUSED, 1)
        assert told(run(*arguments, "--json"))["kind"] == "refused"


def test_a_key_that_sends_more_than_it_may_is_refused(house: House) -> None:
    limit(house.store, house.clock, house.key.ak, Limit(0.01, 1))
    run("list", **known(house))
    assert told(run("list", "--json", **known(house)))["kind"] == "refused"


@pytest.mark.parametrize(
    ("arguments", "option", "says"),
    [
        (["reserve", "1", "--at", "soon", "--campaign", "1"], "--at", "'soon' is no instant"),
        (["reserve", "1", "--campaign", "1"], "--at", "is missing"),
        (["reserve", "--at", "+1h", "--campaign", "1"], "NUMBER", "is missing"),
        (["list", "--limit", "0"], "--limit", "1"),
        (["list", "--nonsense"], "", "no such option: --nonsense"),
        (["list", "x"], "", "got unexpected extra argument(s) (x)"),
        (["lst"], "", "no such command 'lst'. Did you mean 'list'?"),
        (["move", "1"], "", "say what changes"),
        (
            ["campaign", "list", "--vdn", "1", "--state", "x"],
            "--state",
            "'x' is none of draft, started, paused, ended",
        ),
        (["campaign", "add", "--vdn", "1", "--name", LONG, "--end", "+1d"], "--name", "at most"),
        (["business-result", "define", LONG, "--vdn", "1"], "NAME", "at most 50 fit"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_is_given_wrongly_ends_with_2(
    arguments: list[str], option: str, says: str, tmp_path: Path
) -> None:
    if "--vdn" in arguments:
        arguments = [*arguments, *started(tmp_path)]
    ended = run(*arguments)
    assert (ended.status, ended.out) == (USAGE, "")
    usage, hint, line = ended.err.splitlines()
    assert usage.startswith("Usage: callkeeper")
    assert hint.startswith("Try 'callkeeper")
    assert line.startswith(f"callkeeper: {option}{': ' if option else ''}")
    assert says in line
    error = told(run(*arguments, "--json"))
    assert (error["kind"], error.get("option", "")) == ("usage", option)
    assert says in error["says"]


def test_a_server_that_does_not_answer_ends_with_3(house: House) -> None:
    for url in ("http://127.0.0.1:1", "http://nowhere.invalid"):
        ended = run("list", **known(house, URL=url))
        assert (ended.status, ended.out, ended.err.count("\n")) == (UNREACHABLE, "", 1)
        error = told(run("list", "--json", **known(house, URL=url)))
        assert (error["kind"], "code" in error) == ("unreachable", False)


@pytest.mark.parametrize("page", [Page, BadGateway], ids=lambda page: page.__name__)
def test_so_does_what_answers_and_is_no_server_of_this_api(house: House, page: Any) -> None:
    with another_page(house, page) as environment_of_it:
        assert told(run("list", "--json", **environment_of_it))["kind"] == "unreachable"


def test_so_does_a_database_that_does_not_answer(tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path), "--database", "postgresql://127.0.0.1:1/x"]
    for command in (["migrate"], ["key", "list"], ["why", RESULT_ID], ["campaign", "dialing", "1"]):
        also = ["--vdn", "1"] if command[0] == "campaign" else []
        assert run(*command, *also, *where).status == UNREACHABLE
        assert told(run(*command, *also, *where, "--json"))["kind"] == "unreachable"


def test_so_does_a_server_whose_database_is_lost(house: House) -> None:
    for file in house.settings.data_dir.glob("callkeeper.db*"):
        file.unlink()
    error = told(run("list", "--json", **known(house)))
    assert (error["kind"], error["code"]) == ("unreachable", "0200006")


def _unknown(house: House) -> dict[str, str]:
    return known(house, AK="ABCDEFGH")


def _wrong_secret(house: House) -> dict[str, str]:
    return known(house, SK="wrong")


def _revoked(house: House) -> dict[str, str]:
    key = house.issue(VDN)
    revoke(house.store, house.clock, key.ak)
    return known(house, AK=key.ak, SK=key.secret)


def _of_another_vdn(house: House) -> dict[str, str]:
    return known(house, VDN=str(VDN + 1))


@pytest.mark.parametrize("key", [_unknown, _wrong_secret, _revoked, _of_another_vdn])
def test_a_key_that_is_not_let_in_ends_with_4(
    house: House, key: Callable[[House], dict[str, str]]
) -> None:
    given = key(house)
    for command in (["list"], ["cancel", RESULT_ID], ["reserve", "1", *AHEAD, "--agent", "ann"]):
        assert run(*command, **given).status == NOT_ALLOWED
        assert told(run(*command, "--json", **given))["kind"] == "not_allowed"


def test_so_does_a_file_or_a_folder_that_this_user_may_not_use(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    secret = tmp_path / "secret"
    secret.touch(mode=0)
    for command in (
        ["migrate", "--data-dir", str(closed / "data")],
        ["backup", str(closed / "copy"), *started(tmp_path / "data")],
        ["sign", "GET", "http://host/", "--file", str(secret)],
    ):
        ended = subprocess.run(
            [*BOUND, *PROGRAM, *command, "--json"],
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
        )
        error = told(Ended(ended.returncode, ended.stdout, ended.stderr))
        assert (error["kind"], error["status"]) == ("not_allowed", NOT_ALLOWED)


def test_with_json_a_warning_is_json_too(tmp_path: Path) -> None:
    ended = run("migrate", "--json", "--data-dir", str(tmp_path), CALLKEEPER_LIEN="x")
    warning = json.loads(ended.err)["warning"]
    assert (ended.status, warning["says"].split()[0]) == (0, "CALLKEEPER_LIEN")


def test_a_url_that_is_none_is_told_by_its_variable(house: House) -> None:
    ended = run("list", **known(house, URL="foo"))
    assert ended.status == REFUSED
    assert ended.err.startswith("callkeeper: CALLKEEPER_URL: 'foo' is no server's URL")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["campaign", "add", "--name", "x", "--end", "+1d", "--id", "0", "--vdn", "25"],
            "--id: '0' is not a whole number, 1 to 999999999999999999",
        ),
        (["reservations", "--vdn", "abc"], "--vdn: 'abc' is not a whole number, 1 to 9999"),
        (["reservations", "--vdn", "25", "--limit", "0"], "'0' is not a whole number, 1 to 10000"),
        (["list", "--offset", "-1"], "--offset: '-1' is not a whole number, at least 0"),
        (["key", "limit", "x", "--per-second", "fast"], "'fast' is not a number, 0.01 to 10000"),
        (["move", "1", "--at", "tomorrow", "15:00"], "put quotes around what has blanks in it"),
    ],
    ids=repr,
)
def test_a_number_that_is_none_is_told_in_words_of_ours(arguments: list[str], says: str) -> None:
    ended = run(*arguments)
    assert ended.status == USAGE
    assert says in ended.err
    assert "Input should" not in ended.err


def test_so_is_one_that_is_set_in_the_environment() -> None:
    ended = run("reservations", CALLKEEPER_VDN="x")
    assert (ended.status, ended.err.count("\n")) == (USAGE, 3)
    assert "callkeeper: CALLKEEPER_VDN: 'x' is not a whole number, 1 to 9999" in ended.err
