"""Who names the agent: userAccount where agents have accounts, workNo where they have none."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.house import HOUR, TASK, House


@pytest.fixture(scope="module")
def op_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("op"), deployment="op") as house:
        yield house


def create(house: House, **agent: Any) -> str:
    body = {
        "callType": 1,
        "calledNo": "66660001",
        "taskId": TASK,
        "appointTime": house.now() + HOUR,
        **agent,
    }
    return str(house.post("create", body).json()["resultCode"])


@pytest.mark.parametrize(
    ("agent", "code"),
    [
        ({"workNo": "125"}, "0200000"),
        ({"workNo": 125}, "0200000"),
        ({"workNo": "125", "userAccount": "\n" * 1000}, "0200000"),
        ({"userAccount": "anna"}, "02000001"),
        ({}, "02000001"),
        ({"workNo": "anna"}, "02000002"),
        ({"workNo": "1" * 21}, "02000003"),
        ({"workNo": True}, "0200001"),
    ],
)
def test_op_needs_a_work_no(op_house: House, agent: dict[str, Any], code: str) -> None:
    assert create(op_house, **agent) == code


@pytest.mark.parametrize(
    ("agent", "code"),
    [
        ({"userAccount": "anna"}, "0200000"),
        ({"userAccount": "anna", "workNo": "\n" * 1000}, "0200000"),
        ({"workNo": "125"}, "02000001"),
        ({}, "02000001"),
    ],
)
def test_integrated_needs_a_user_account(house: House, agent: dict[str, Any], code: str) -> None:
    assert create(house, **agent) == code


def test_a_work_no_is_listed_and_found_as_the_account_is(op_house: House) -> None:
    op_house.reserve(workNo="777")
    (listed,) = op_house.listed(userAccountList=["777"])
    assert listed["userAccount"] == "777"


@pytest.mark.parametrize("name", ["update", "updateResult"])
def test_the_agent_changes_when_a_work_no_is_sent_and_only_then(op_house: House, name: str) -> None:
    appoint_id = op_house.reserve(workNo="100", calledNo="1")
    for agent, then in (({}, "100"), ({"userAccount": "anna"}, "100"), ({"workNo": "101"}, "101")):
        answer = op_house.post(name, {"appointId": appoint_id, **agent}).json()
        assert answer["resultCode"] == "0200000"
        records = op_house.listed(calledNo="1")
        assert [each["userAccount"] for each in records if each["appointId"] == appoint_id] == [
            then
        ]
