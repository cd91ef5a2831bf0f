"""What a server refuses is told in the words of the command, and never in the wire's."""

import json
import re
from pathlib import Path

import pytest

from callkeeper.cli.connection import OPTIONS
from tests.house import TASK, VDN, House
from tests.surface import asked, interfaces
from tests.test_cli import run
from tests.test_cli_endings import known, told

LONG = "1" * 600
EARLIER = "2020-01-01T00:00Z"
AHEAD = ["--at", "+2h", "--campaign", TASK, "--agent", "ann"]
WIRES = re.compile(rf"\b({'|'.join(name for name in OPTIONS if not name.islower())})\b")

# For each option that goes over the wire, what no server takes.
WRONG = [
    ("NUMBER", ["reserve", "+49", *AHEAD]),
    ("NUMBER", ["reserve", "", *AHEAD]),
    ("--at", ["reserve", "1", "--at", EARLIER, *AHEAD[2:]]),
    ("--campaign", ["reserve", "1", *AHEAD[:2], "--campaign", "7", "--agent", "ann"]),
    ("--campaign", ["reserve", "1", *AHEAD[:2], "--campaign", "", "--agent", "ann"]),
    ("--agent", ["reserve", "1", *AHEAD[:4]]),
    ("--agent", ["reserve", "1", *AHEAD[:4], "--agent", "a\nb"]),
    ("--call-data", ["reserve", "1", *AHEAD, "--automatic", "--call-data", "no JSON"]),
    ("--remark", ["reserve", "1", *AHEAD, "--remark", LONG]),
    ("APPOINT_ID", ["move", "x y", "--remark", "r"]),
    ("APPOINT_ID", ["move", "nothing", "--remark", "r"]),
    ("--at", ["move", "ID", "--at", EARLIER]),
    ("--agent", ["move", "ID", "--agent", LONG]),
    ("--remark", ["move", "ID", "--remark", LONG]),
    ("APPOINT_ID", ["result", "nothing", "--agent", "b"]),
    ("--fail-code", ["result", "ID", "--fail-code", "x y"]),
    ("--call-id", ["result", "ID", "--call-id", LONG]),
    ("--caller", ["result", "ID", "--caller", "abc"]),
    ("--business-result", ["result", "ID", "--business-result", "x y"]),
    ("--business-sub-result", ["result", "ID", "--business-sub-result", LONG]),
    ("--end", ["result", "ID", "--begin", "2026-01-02T00:00Z", "--end", "2026-01-01T00:00Z"]),
    ("--agent", ["result", "ID", "--agent", LONG]),
    ("APPOINT_ID", ["cancel", "x y"]),
    ("APPOINT_ID", ["cancel", "nothing"]),
    ("--called", ["list", "--called", "x"]),
    ("--agent", ["list", "--agent", "ann", "--agent", LONG]),
    ("--agent", ["list", *(f"--agent=a{number}" for number in range(101))]),
    ("--campaign", ["list", "--campaign", LONG]),
    ("--offset", ["list", "--offset", str(10**20)]),
]
WHERE_OP = [
    ("--work-no", ["reserve", "1", *AHEAD]),
    ("--work-no", ["move", "ID", "--work-no", "x"]),
    ("--work-no", ["result", "ID", "--work-no", LONG]),
]


def refused(house: House, option: str, command: list[str], id_: str) -> None:
    """Give a command what is wrong; it must be told of the option, in words and in JSON."""
    words = [id_ if word == "ID" else word for word in command]
    ended = run(*words, **known(house))
    assert (ended.status, ended.out) == (1, "")
    assert re.match(rf"callkeeper: [0-9]+ {option}: ", ended.err), ended
    assert not WIRES.search(ended.err)
    error = told(run(*words, "--json", **known(house)))
    assert (error["kind"], error["option"]) == ("refused", option)
    assert not WIRES.search(error["says"])


def test_each_option_that_a_server_refuses_is_named(house: House) -> None:
    id_ = house.reserve()
    for option, command in WRONG:
        refused(house, option, command, id_)


def test_so_is_each_where_agents_are_named_by_their_ids(tmp_path: Path) -> None:
    with House(tmp_path, deployment="op") as house:
        id_ = house.reserve(workNo="1")
        for option, command in WHERE_OP:
            refused(house, option, command, id_)


def test_every_field_of_the_five_interfaces_is_called_something(tmp_path: Path) -> None:
    fields = {
        name
        for deployment in ("integrated", "op")
        for each in interfaces(tmp_path, deployment=deployment)
        if "/appoint/" in each.path
        for name in asked(each)
    }
    assert fields - OPTIONS.keys() == {"workNoList"} & fields


def test_the_vdn_is_the_one_of_the_environment_unless_one_is_given(house: House) -> None:
    where = ["--data-dir", str(house.settings.data_dir)]
    command = ["campaign", "dialing", TASK, *where]
    assert run(*command).status == 2
    assert run(*command, CALLKEEPER_VDN=str(VDN)).status == 0
    assert run(*command, "--vdn", str(VDN), CALLKEEPER_VDN="7").status == 0
    assert run(*command, "--vdn", "7", CALLKEEPER_VDN=str(VDN)).status == 1
    assert run("list", "--vdn", str(VDN), **known(house, VDN="7")).status == 0
    assert run("list", "--vdn", "7", **known(house)).status == 4


@pytest.mark.parametrize("wrong", ["x", "0", "10000", "2.5"])
@pytest.mark.parametrize("command", [["list"], ["agent", "name", "a", "A"], ["key", "create"]])
def test_a_vdn_of_the_environment_that_is_none_is_told_by_its_name(
    house: House, command: list[str], wrong: str
) -> None:
    ended = run(*command, **known(house, VDN=wrong))
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.splitlines()[-1].startswith("callkeeper: CALLKEEPER_VDN: ")
    assert told(run(*command, "--json", **known(house, VDN=wrong)))["option"] == "CALLKEEPER_VDN"


def test_a_key_is_made_for_the_vdn_of_the_environment_unless_it_is_for_all(house: House) -> None:
    where = ["--data-dir", str(house.settings.data_dir)]
    for words, vdn in ((["--vdn", "7"], 7), ([], VDN), (["--all-vdns"], None)):
        ak = run("key", "create", *words, "--json", *where, CALLKEEPER_VDN=str(VDN)).value["ak"]
        found = {
            each["ak"]: each["vdn"] for each in run("key", "list", "--json", *where).value["keys"]
        }
        assert found[ak] == vdn


def test_a_settlement_is_of_all_vdns_whatever_the_environment_names(house: House) -> None:
    where = ["--data-dir", str(house.settings.data_dir), "--before", "-1s", "--json"]
    house.has_campaign(1, vdn=7)
    house.reserve()
    shown = json.loads(run("settle", *where, CALLKEEPER_VDN="7").out)["found"]
    assert [each["vdn"] for each in shown] == [VDN]


@pytest.mark.parametrize(
    "wrong", ["queue 5", "skill", "skill five", "ivr", "5", "skill 12345678901"]
)
def test_what_answered_calls_go_to_is_a_flow_or_a_queue(house: House, wrong: str) -> None:
    where = ["--data-dir", str(house.settings.data_dir), "--vdn", str(VDN)]
    ended = run("campaign", "add", "--name", "x", "--end", "+30d", "--goes-to", wrong, *where)
    assert ended.status == 2
    assert ended.err.endswith(
        f"callkeeper: --goes-to: {wrong!r} must read 'ivr CODE' or 'skill ID'\n"
    )
