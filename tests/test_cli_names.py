"""Over the API too a campaign and a business result are meant by their names."""

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
