"""POST .../appoint/list, cec_07_0781."""

from pathlib import Path
from typing import Any

import pytest

from callkeeper.clock import HandClock
from callkeeper.store.port.access import AgentName
from tests.house import HOUR, TASK, VDN, House

NOW = 1_747_310_400_000
DOCUMENTED = [
    "appointId",
    "callType",
    "appointTime",
    "calledNo",
    "taskId",
    "taskName",
    "taskStatus",
    "timeout",
    "userAccount",
    "userName",
    "beginTime",
    "endTime",
]


def found(house: House, **filters: Any) -> list[str]:
    """Return the called numbers of what is listed, in order."""
    return [record["calledNo"] for record in house.listed(**filters)]


def code(house: House, **body: Any) -> str:
    response = house.post("list", {"offset": 0, "limit": 10} | body)
    assert response.status_code == 200
    return str(response.json()["resultCode"])


def test_a_record_has_every_documented_field_in_its_type(any_house: House) -> None:
    appoint_id = any_house.reserve(callType=1)
    with any_house.store.transaction():
        name = AgentName(VDN, "testName", "Test Name", any_house.now())
        any_house.store.agents.name([name])
    response = any_house.post("list", {"offset": 0, "limit": 10}).json()
    assert list(response) == [
        "returnCode",
        "resultCode",
        "resultDesc",
        "returnDesc",
        "totalCount",
        "data",
    ]
    (record,) = response["data"]
    appointed = record["appointTime"]
    assert type(appointed) is int
    assert [record[name] for name in DOCUMENTED] == [
        appoint_id,
        "1",
        appointed,
        "66660001",
        TASK,
        f"campaign {TASK}",
        "2",
        False,
        "testName",
        "Test Name",
        None,
        None,
    ]


@pytest.fixture(scope="module")
def full_house(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Five reservations, of two agents and two campaigns, made out of order."""
    with House(tmp_path_factory.mktemp("full"), clock=HandClock(NOW)) as house:
        house.has_campaign(8)
        for hour, agent, task in (
            (3, "bert", "8"),
            (1, "anna", TASK),
            (5, "anna", "8"),
            (2, "bert", TASK),
            (4, "anna", TASK),
        ):
            made = {"userAccount": agent, "taskId": task, "appointTime": NOW + hour * HOUR}
            house.reserve(calledNo=hour, **made)
        yield house


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, "12345"),
        ({"limit": 2}, "12"),
        ({"limit": "2", "offset": "2"}, "34"),
        ({"offset": 4}, "5"),
        ({"offset": 5}, ""),
        ({"offset": 2**63 - 1}, ""),
        ({"calledNo": "3"}, "3"),
        ({"calledNo": 3}, "3"),
        ({"calledNo": ""}, "12345"),
        ({"userAccountList": ["anna"]}, "145"),
        ({"userAccountList": ["anna", "bert"]}, "12345"),
        ({"userAccountList": ["nobody"]}, ""),
        ({"userAccountList": []}, "12345"),
        ({"userAccountList": None}, "12345"),
        ({"taskId": TASK}, "124"),
        ({"taskId": 8}, "35"),
        ({"taskId": "no campaign"}, ""),
        ({"taskId": "9" * 32}, ""),
        ({"beginTime": NOW + 2 * HOUR}, "2345"),
        ({"endTime": NOW + 2 * HOUR}, "12"),
        ({"beginTime": NOW + 2 * HOUR, "endTime": str(NOW + 4 * HOUR)}, "234"),
        ({"beginTime": NOW + 4 * HOUR, "endTime": NOW + 2 * HOUR}, ""),
        ({"userAccountList": ["anna"], "taskId": TASK, "beginTime": NOW + 2 * HOUR}, "4"),
        ({"unknown": "field"}, "12345"),
    ],
)
def test_all_filters_hold_at_once_and_the_order_is_the_appointed_time(
    full_house: House, filters: dict[str, Any], numbers: str
) -> None:
    assert found(full_house, **filters) == list(numbers)


def test_the_total_counts_all_that_match_and_not_the_page(full_house: House) -> None:
    body = {"offset": 1, "limit": 1, "userAccountList": ["anna"]}
    answer = full_house.post("list", body).json()
    assert (answer["totalCount"], len(answer["data"])) == (3, 1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        *(({name: nothing}, "02000001") for name in ("offset", "limit") for nothing in (None, "")),
        ({"limit": 0}, "0200001"),
        ({"limit": 101}, "0200001"),
        ({"limit": "all"}, "0200001"),
        ({"limit": 1.5}, "0200001"),
        ({"limit": True}, "0200001"),
        ({"offset": -1}, "0200001"),
        ({"offset": "-1"}, "0200001"),
        ({"offset": 2**63}, "0200001"),
        ({"offset": 10**30}, "0200001"),
        ({"offset": "9" * 19}, "0200001"),
        ({"beginTime": "soon"}, "0200001"),
        ({"endTime": 0}, "0200001"),
        ({"calledNo": True}, "0200001"),
        ({"userAccountList": "anna"}, "0200001"),
        ({"userAccountList": {"0": "anna"}}, "0200001"),
        ({"userAccountList": [True]}, "0200001"),
        ({"userAccountList": [["anna"]]}, "0200001"),
        # Too long, too many and wrong characters have no code of their own here.
        ({"userAccountList": ["a"] * 101}, "0200001"),
        ({"userAccountList": ["a" * 101]}, "0200001"),
        ({"userAccountList": ["a\n"]}, "0200001"),
        ({"calledNo": "1" * 25}, "0200001"),
        ({"calledNo": "+49"}, "0200001"),
        ({"taskId": "1" * 33}, "0200001"),
        # In order.
        ({"offset": "", "limit": 0}, "02000001"),
    ],
)
def test_a_fault_gets_its_code(shared_house: House, body: dict[str, Any], expected: str) -> None:
    assert code(shared_house, **body) == expected


def test_offset_and_limit_must_be_there(shared_house: House) -> None:
    assert shared_house.post("list", {}).json()["resultCode"] == "02000001"
    assert shared_house.post("list", None).json()["resultCode"] == "02000001"


def test_agents_may_be_named_by_numbers(house: House) -> None:
    house.reserve(userAccount=125, calledNo="1")
    house.reserve(userAccount="126", calledNo="2")
    assert found(house, userAccountList=[125]) == ["1"]


def test_an_enormous_offset_is_an_empty_page(any_house: House) -> None:
    any_house.reserve()
    answer = any_house.post("list", {"offset": 2**63 - 1, "limit": 100}).json()
    assert (answer["totalCount"], answer["data"]) == (1, [])


def test_a_manual_reservation_times_out_the_moment_its_time_has_passed(tmp_path: Path) -> None:
    clock = HandClock(NOW)
    with House(tmp_path, clock=clock) as house:
        appoint_id = house.reserve(appointTime=NOW + 1)
        timeouts = []
        for _ in range(3):
            timeouts.append(house.listed()[0]["timeout"])
            clock.move(1)
        house.post("updateResult", {"appointId": appoint_id, "failCode": "00000"})
        timeouts.append(house.listed()[0]["timeout"])
    assert timeouts == [False, False, True, False]


@pytest.mark.parametrize(
    ("campaign", "status"),
    [
        ({"status": "draft"}, "1"),
        ({"status": "started"}, "2"),
        ({"status": "paused"}, "3"),
        ({"end_at": NOW}, "4"),
    ],
)
def test_task_status_is_the_status_of_the_campaign(
    shared_house: House, campaign: dict[str, Any], status: str
) -> None:
    id_ = 100 + int(status)
    shared_house.has_campaign(id_, **campaign)
    shared_house.reserve(taskId=id_)
    assert [each["taskStatus"] for each in shared_house.listed(taskId=id_)] == [status]


def test_another_vdn_sees_nothing_of_ours(house: House) -> None:
    house.reserve()
    other = house.issue(VDN + 1)
    answer = house.post("list", {"offset": 0, "limit": 10}, vdn=VDN + 1, key=other).json()
    assert (answer["totalCount"], answer["data"]) == (0, [])
