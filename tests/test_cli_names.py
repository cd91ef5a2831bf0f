"""Over the API too a campaign and a business result are meant by their names."""

import json
from typing import Any

import pytest

from tests.house import TASK, VDN, House
from tests.test_cli import Ended, at_house, run

NAME = "Spring, second round"
AHEAD = ["--at", "+2h", "--agent", "ann"]


def define(house: House) -> dict[str, Any]:
    """Define a business result with a sub-result, and return them with their codes."""
    where = ["--vdn", str(VDN), "--data-dir", str(house.settings.data_dir), "--json"]
    command = ["business-result", "define", "Sold", "--sub", "By phone", "--sub", "By post"]
    return run(*command, *where).value


def filed(house: House, *more: str) -> Ended:
    return at_house(house, "result", house.reserve(), "--fail-code", "00000", *more)


@pytest.mark.parametrize("meant", ["8", NAME])
def test_a_reservation_is_made_and_listed_by_the_name_of_its_campaign(
    house: House, meant: str
) -> None:
    house.has_campaign(8, name=NAME)
    house.has_campaign(9, name=f"{NAME}, later")
    at_house(house, "reserve", "1", "--campaign", TASK, *AHEAD)
    id_ = at_house(house, "reserve", "1", "--campaign", meant, *AHEAD, "--json").value["id"]
    listed = at_house(house, "list", "--campaign", meant, "--json").value["reservations"]
    assert [(each["id"], each["campaign"]) for each in listed] == [(id_, "8")]


def test_a_name_is_found_behind_a_page_of_those_that_hold_it(house: House) -> None:
    for number in range(1_001, 1_101):
        house.has_campaign(number, name=f"{NAME}, {number}")
    house.has_campaign(2_000, name=NAME)
    at_house(house, "reserve", "1", "--campaign", NAME, *AHEAD)
    assert [each["taskId"] for each in house.listed()] == ["2000"]


@pytest.mark.parametrize("length", [30, 31, 99, 100])
def test_a_name_may_be_longer_than_what_the_query_takes(house: House, length: int) -> None:
    name = "Frühling 2026, 第二轮 %_ " * 9
    for number, stored in enumerate((name[: length - 1], name[:length]), 8):
        house.has_campaign(number, name=stored)
    at_house(house, "reserve", "1", "--campaign", name[:length], *AHEAD)
    assert [each["taskId"] for each in house.listed()] == ["9"]


@pytest.mark.parametrize("name", ["x\x01y", "a" * 40 + "\x7f", "b" * 101, " ", "\u2028"])
def test_a_name_that_no_campaign_may_have_is_told_by_the_option(house: House, name: str) -> None:
    for command in (["reserve", "1", *AHEAD], ["list"]):
        ended = at_house(house, *command, "--campaign", name)
        assert (ended.status, ended.out) == (1, "")
        assert "--campaign: " in ended.err


@pytest.mark.parametrize("command", [["reserve", "1", *AHEAD], ["list"]])
def test_a_campaign_that_is_none_is_told_and_not_taken_for_one_without_reservations(
    house: House, command: list[str]
) -> None:
    house.has_campaign(8, name=NAME)
    ended = at_house(house, *command, "--campaign", "Spring")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (
        "callkeeper: --campaign: there is no campaign named 'Spring'; `callkeeper campaign list` "
        "shows them\n"
    )


def test_a_result_is_filed_by_the_names_that_the_vdn_gave(house: House) -> None:
    defined = define(house)
    code, below = defined["code"], defined["sub_results"][1]["code"]
    for result, sub in (("Sold", "By post"), (code, below), ("Sold", below)):
        more = ["--business-result", result, "--business-sub-result", sub]
        assert filed(house, *more).status == 0
    stored = house.listed()
    assert {(each["busiResult"], each["busiSubStatus"]) for each in stored} == {(code, below)}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            ["--business-result", "Bought"],
            "--business-result: there is no business result 'Bought'",
        ),
        (
            ["--business-result", "Sold", "--business-sub-result", "By car"],
            "--business-sub-result: there is no sub-result 'By car'",
        ),
    ],
)
def test_a_result_that_is_not_defined_is_told_with_where_to_look(
    house: House, more: list[str], says: str
) -> None:
    define(house)
    ended = filed(house, *more)
    assert (ended.status, ended.out) == (1, "")
    assert f"{says}; `callkeeper business-result list` shows them" in ended.err


def test_where_nothing_is_defined_anything_is_filed(house: House) -> None:
    assert filed(house, "--business-result", "7").status == 0


LEI = "李伟"


def test_a_new_agent_is_told_of_for_it_may_be_a_slip_or_a_name(house: House) -> None:
    made = at_house(house, "reserve", "1", "--at", "+2h", "--campaign", TASK, "--agent", LEI)
    assert (made.status, made.err.count("\n")) == (0, 2)
    assert f"no other reservation is of agent {LEI!r}; that is a business account" in made.err
    id_ = made.out.strip()
    assert f"`callkeeper move {id_} --agent ACCOUNT`" in made.err
    assert house.listed()[0]["userAccount"] == LEI
    for command in (["move", id_, "--agent", "leei"], ["result", id_, "--agent", "lei"]):
        ended = at_house(house, *command)
        assert (ended.status, ended.err.count("\n")) == (0, 1)
        assert f"of agent {command[-1]!r}" in ended.err
        (warned,) = at_house(house, *command[:-1], "other" + command[-1], "--json").err.splitlines()
        assert "no other reservation" in json.loads(warned)["warning"]["says"]


def test_an_agent_that_has_reservations_is_told_by_name_and_not_warned_of(house: House) -> None:
    where = ["--vdn", str(VDN), "--data-dir", str(house.settings.data_dir)]
    run("agent", "name", "ann", "Ann Li", *where)
    id_ = house.reserve(userAccount="ann")
    made = at_house(house, "reserve", "1", "--campaign", TASK, *AHEAD)
    assert made.err.endswith(", agent ann (Ann Li)\n")
    assert made.err.count("\n") == 1
    moved = at_house(house, "move", id_, "--agent", "ann")
    assert (moved.out, moved.err) == (f"moved {id_}, agent ann (Ann Li)\n", "")


def test_a_list_of_an_agent_that_is_none_says_so(house: House) -> None:
    house.reserve(userAccount="ann")
    listed = at_house(house, "list", "--agent", "ann", "--agent", "Ann Li")
    assert listed.out.splitlines()[-1].startswith("1 of 1")
    assert listed.err == (
        "callkeeper: --agent: no reservation is of agent 'Ann Li'; that is a business account, "
        "and no name\n"
    )
    past = at_house(house, "list", "--agent", "ann", "--end", "yesterday")
    assert (past.out, past.err) == ("no reservations\n0 of 0\n", "")
